import type { Namespace } from './namespace.js';
import type { Running } from './running.js';

/** Between two requests. */
export const INTERVAL_MS = 5;
/** How long an answer may take: two cores that are busy with other tests are not a network that loses packets. */
const PATIENCE_SECONDS = 1;

/** What became of the echo requests, one every 5 ms. */
export interface PingReport {
  readonly sent: number;
  /** The numbers of those that were never answered, in order. */
  readonly lost: readonly number[];
  /** How many were answered more than once. */
  readonly duplicates: number;
  /** The longest time between two answers, so never much less than the interval. */
  readonly longestGapMs: number;
}

/** Echo requests to one address, which say which of them were lost; the address tells the family. */
export class Pinger {
  private constructor(private readonly ping: Running) {}

  /** Answers when the first request has been answered. */
  static async start(from: Namespace, address: string): Promise<Pinger> {
    const ping = from.spawn([
      // Ahead of everything else on the machine, so that a gap is the network's and not the scheduler's.
      ...['nice', '-n', '-20', 'ping', '-n', '-D', '-i', String(INTERVAL_MS / 1000)],
      ...['-W', String(PATIENCE_SECONDS), address],
    ]);
    await ping.says(/icmp_seq=/);
    return new Pinger(ping);
  }

  /** Waits until request number `seq` has been answered. */
  async answered(seq: number): Promise<void> {
    await this.ping.says(new RegExp(`icmp_seq=${seq} `));
  }

  /** Ends it and answers how it went. */
  async close(): Promise<PingReport> {
    await this.ping.stop('SIGINT');
    return reportOf(this.ping.output);
  }
}

/** Reads the output of iputils' ping(8) with `-D`: `[1700000000.123456] 64 bytes from …: icmp_seq=7 ttl=64 …`. */
export function reportOf(output: string): PingReport {
  const answers = [...output.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from .* icmp_seq=(\d+) .*$/gm)].map(
    ([, at, seq]) => ({ atMs: Number(at) * 1000, seq: Number(seq) }),
  );
  const sent = Number(/^(\d+) packets transmitted/m.exec(output)?.[1]);
  const answered = new Set(answers.map(({ seq }) => seq));
  const gaps = answers.slice(1).map(({ atMs }, index) => atMs - (answers[index]?.atMs ?? atMs));
  return {
    sent,
    lost: Array.from({ length: sent }, (_, index) => index + 1).filter((seq) => !answered.has(seq)),
    duplicates: answers.length - answered.size,
    longestGapMs: Math.max(...gaps),
  };
}
