import { Backoff } from '../daemon/backoff.js';
import type { Problems } from '../daemon/problems.js';
import { type Clock, systemClock } from '../neighbour/clock.js';
import type { NeighbourSocket } from '../neighbour/neighbour_socket.js';
import { type Conflict, probe } from '../neighbour/probe.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';

/** Milliseconds until the next look for addresses to ask for, while another host has one, or after asking failed once. */
const AGAIN_MS = 1_000;

export interface AddressProberOptions {
  /** Receives which of the addresses that were asked for other hosts have. */
  readonly answered: (asked: readonly IpAddress[], conflicts: readonly Conflict[]) => void;
  /** Asks for a step. */
  readonly changed: () => void;
  readonly problems: Pick<Problems, 'set'>;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Asks the NIC's network for new external addresses before they are announced and answered (RFC 5227 section 2.1, RFC
 * 4862 section 5.4). Asks for one batch at a time, three times 200 ms apart.
 */
export class AddressProber {
  private isAsking = false;
  private timer: (() => void) | undefined;
  private pause: (() => void) | undefined;
  private readonly backoff = new Backoff({ firstMs: AGAIN_MS });
  private readonly clock: Clock;

  constructor(private readonly options: AddressProberOptions) {
    this.clock = options.clock ?? systemClock;
    const cancel = () => {
      this.timer?.();
      this.pause?.();
    };
    options.signal.addEventListener('abort', cancel, { once: true });
  }

  /**
   * Begins to ask for `due`, unless it is asking already or waits after a failure; it asks for a step when it is done.
   */
  ask(socket: NeighbourSocket, due: readonly IpAddress[], own: ReadonlySet<MacAddress>): void {
    if (this.isAsking) return;
    if (due.length === 0) {
      this.options.problems.set('probes', []);
      return;
    }
    this.isAsking = true;
    void this.probe(socket, due, own);
  }

  /** Asks for a step in a second: an address waits to be asked for again. */
  lookAgain(): void {
    if (this.timer !== undefined || this.options.signal.aborted) return;
    this.timer = this.clock.after(AGAIN_MS, () => {
      this.timer = undefined;
      this.options.changed();
    });
  }

  private async probe(
    socket: NeighbourSocket,
    due: readonly IpAddress[],
    own: ReadonlySet<MacAddress>,
  ): Promise<void> {
    const { problems, answered } = this.options;
    try {
      const conflicts = await probe(socket, due, { own, clock: this.clock });
      problems.set('probes', []);
      answered(due, conflicts);
      this.backoff.reset();
      this.done();
    } catch (error) {
      problems.set('probes', [
        `external addresses cannot be asked for: ${explainError(error)}; they are not served`,
      ]);
      // Not at once: what failed may fail again without a wait.
      if (!this.options.signal.aborted) this.pause = this.clock.after(this.backoff.next(), () => this.done());
    }
  }

  private done(): void {
    this.isAsking = false;
    this.options.changed();
  }
}
