import type { Namespace } from '../namespace.js';
import { answersOf } from '../ping.js';
import type { Running } from '../running.js';
import { until } from '../until.js';

const INTERVAL_MS = 20;
/** The TTL with which Linux answers. OVN's routers answer with 255, also for an address that they share with a host. */
const TTL_OF_HOST = 64;

/** The times at which a machine answered echo requests that were sent every 20 ms, also while it was off. */
export class Reachable {
  private constructor(private readonly ping: Running) {}

  /** Starts to send; the address need not answer. */
  static start(from: Namespace, address: string): Reachable {
    return new Reachable(
      from.spawn(['nice', '-n', '-20', 'ping', '-n', '-D', '-i', String(INTERVAL_MS / 1000), address]),
    );
  }

  /** Returns when the host's own answers came, in milliseconds since 1970, in order. */
  answers(sinceMs: number): number[] {
    return answersOf(this.ping.output)
      .filter(({ atMs, ttl }) => atMs >= sinceMs && ttl === TTL_OF_HOST)
      .map(({ atMs }) => atMs);
  }

  /** Returns how many answers came from somebody else, such as OVN's gateway router. */
  foreign(sinceMs: number): number {
    return answersOf(this.ping.output).filter(({ atMs, ttl }) => atMs >= sinceMs && ttl !== TTL_OF_HOST)
      .length;
  }

  /** Waits for the first answer after a time; returns when it came. */
  firstAnswer(sinceMs: number, deadlineMs: number): Promise<number> {
    return until('an answer', () => this.answers(sinceMs)[0], deadlineMs);
  }

  /** Returns the longest time without an answer since then, up to now, and when it began. */
  longestGap(sinceMs: number): Gap {
    const times = [...this.answers(sinceMs), Date.now()];
    const gaps = times.slice(1).map((end, index) => {
      const from = times[index] ?? end;
      return { from, ms: end - from };
    });
    return gaps.reduce((worst, gap) => (gap.ms > worst.ms ? gap : worst), { from: sinceMs, ms: 0 });
  }

  /** Stops. */
  async close(): Promise<void> {
    await this.ping.stop('SIGINT');
  }
}

/** A time without an answer. */
export interface Gap {
  readonly from: number;
  readonly ms: number;
}
