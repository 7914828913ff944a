import type { Family, IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';

/** A message between neighbours, of ARP (RFC 826) or neighbour discovery (RFC 4861). */
export interface NeighbourMessage {
  /**
   * `request`: asks for the MAC of `target` (ARP request, neighbour solicitation). `advertisement`: says that `target`
   * is at `mac` (ARP reply, ARP announcement, neighbour advertisement).
   */
  readonly kind: 'request' | 'advertisement';
  readonly family: Family;
  readonly target: IpAddress;
  /** The sender's address; `undefined` in a probe, whose sender has no address yet and wants `target`. */
  readonly sender: IpAddress | undefined;
  readonly mac: MacAddress;
}
