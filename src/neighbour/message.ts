import type { Family, IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';

/** What one host says to its neighbours, whether by ARP (RFC 826) or neighbour discovery (RFC 4861). */
export interface NeighbourMessage {
  /** A question who has `target`; or somebody says, asked or not, that it is at `mac`. */
  readonly kind: 'ask' | 'tell';
  readonly family: Family;
  readonly target: IpAddress;
  /** Who asks or says it; `undefined` for one that has no address yet and asks whether it may have `target`. */
  readonly sender: IpAddress | undefined;
  readonly mac: MacAddress;
}
