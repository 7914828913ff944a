import type { GatewayState } from '../demux/state.js';
import { announce } from '../neighbour/announce.js';
import type { Clock } from '../neighbour/clock.js';
import type { NeighbourSocket } from '../neighbour/neighbour_socket.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';

/** ANNOUNCE_INTERVAL of RFC 5227 section 1.1, in milliseconds: an announcement is made twice. */
const TWICE_MS = 2_000;

/**
 * Announces the served addresses once the flows that bring their traffic to OVN are in place, from the MAC that answers
 * for them, right onto the NIC: to the bridge it would be a request of the host for a served address, which is OVN's.
 */
export class Announcer {
  private readonly announced = new Map<IpAddress, MacAddress>();
  private made = 0;
  private why: string | undefined;
  private seen: GatewayState | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** How many addresses were announced so far. */
  get total(): number {
    return this.made;
  }

  get problem(): string | undefined {
    return this.why;
  }

  /** Announces what is served by `state` and was not, or was at another MAC. */
  look(state: GatewayState, link: NeighbourSocket): void {
    const { mac, patch, addresses, served } = state;
    if (this.why === undefined && this.isSeen(state)) return;
    this.seen = state;
    const ours = patch === undefined ? [] : [...served].filter((one) => !addresses.includes(one));
    const keep = new Set(ours);
    for (const address of this.announced.keys()) if (!keep.has(address)) this.announced.delete(address);
    const due = ours.filter((address) => this.announced.get(address) !== mac);
    if (due.length === 0) {
      this.why = undefined;
      return;
    }
    if (!this.send(due, mac, link)) return;
    for (const address of due) this.announced.set(address, mac);
    this.made += due.length;
    const cancel = this.clock.after(TWICE_MS, () => {
      this.signal.removeEventListener('abort', cancel);
      const again = due.filter((address) => this.announced.get(address) === mac);
      if (this.send(again, mac, link)) return;
      // The next look announces them anew, by the link that there is then.
      for (const address of again) this.announced.delete(address);
    });
    this.signal.addEventListener('abort', cancel, { once: true });
  }

  /** Whether nothing that decides here has changed: most changes are of other things. */
  private isSeen({ mac, patch, addresses, served }: GatewayState): boolean {
    const { seen } = this;
    if (seen?.mac !== mac || (seen.patch === undefined) !== (patch === undefined)) return false;
    return seen.served === served && seen.addresses.join() === addresses.join();
  }

  private send(addresses: readonly IpAddress[], mac: MacAddress, link: NeighbourSocket): boolean {
    try {
      announce(link, addresses, mac);
      this.why = undefined;
    } catch (error) {
      this.why = `${addresses.length} served addresses could not be announced: ${explainError(error)}`;
    }
    return this.why === undefined;
  }
}
