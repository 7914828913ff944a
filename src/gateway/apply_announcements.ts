import type { Problems } from '../daemon/problems.js';
import type { GatewayState } from '../demux/state.js';
import { announce } from '../neighbour/announce.js';
import { type Clock, systemClock } from '../neighbour/clock.js';
import type { NeighbourSocket } from '../neighbour/neighbour_socket.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';

/** ANNOUNCE_INTERVAL of RFC 5227 section 1.1, in milliseconds: each announcement is sent twice. */
const TWICE_MS = 2_000;

export interface AnnouncerOptions {
  readonly problems: Problems;
  /** Ends announcements that are still to be sent a second time. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Announces the served addresses from the MAC that answers for them, once the flows that bring their traffic to OVN are
 * in place. Announcements leave by the NIC: on the bridge they would be the host's requests for a served address, which
 * go to OVN.
 */
export class Announcer {
  private readonly announced = new Map<IpAddress, MacAddress>();
  private count = 0;
  private hasFailed = false;
  private last: GatewayState | undefined;
  private readonly clock: Clock;

  constructor(private readonly options: AnnouncerOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /** How many addresses were announced so far. */
  get total(): number {
    return this.count;
  }

  /** Announces on `socket` the addresses of `state` that are new or have moved to another MAC. */
  announce(state: GatewayState, socket: NeighbourSocket): void {
    if (!this.hasFailed && this.isUnchanged(state)) return;
    this.last = state;
    const { mac, patch, addresses, served, answersServed } = state;
    const isAnswered = patch !== undefined && answersServed;
    const ours = isAnswered ? [...served].filter((one) => !addresses.includes(one)) : [];
    const kept = new Set(ours);
    for (const address of this.announced.keys()) if (!kept.has(address)) this.announced.delete(address);
    const due = ours.filter((address) => this.announced.get(address) !== mac);
    if (!this.send(due, mac, socket) || due.length === 0) return;
    for (const address of due) this.announced.set(address, mac);
    this.count += due.length;
    this.sendAgain(due, mac, socket);
  }

  private sendAgain(addresses: readonly IpAddress[], mac: MacAddress, socket: NeighbourSocket): void {
    const { signal } = this.options;
    const cancel = this.clock.after(TWICE_MS, () => {
      signal.removeEventListener('abort', cancel);
      const again = addresses.filter((address) => this.announced.get(address) === mac);
      if (this.send(again, mac, socket)) return;
      // The next call announces them again, on the socket that is open then.
      for (const address of again) this.announced.delete(address);
    });
    signal.addEventListener('abort', cancel, { once: true });
  }

  /** Whether everything that an announcement depends on is unchanged. Most changes of the state are to other parts. */
  private isUnchanged({ mac, patch, addresses, served }: GatewayState): boolean {
    const { last } = this;
    if (last?.mac !== mac || (last.patch === undefined) !== (patch === undefined)) return false;
    return last.served === served && last.addresses.join() === addresses.join();
  }

  /** Sends the announcements and writes the problem if that fails. @returns whether they were sent */
  private send(addresses: readonly IpAddress[], mac: MacAddress, socket: NeighbourSocket): boolean {
    const { problems } = this.options;
    try {
      announce(socket, addresses, mac);
      this.hasFailed = false;
      problems.set('announcements', []);
    } catch (error) {
      this.hasFailed = true;
      problems.set('announcements', [
        `${addresses.length} served addresses could not be announced: ${explainError(error)}`,
      ]);
    }
    return !this.hasFailed;
  }
}
