import type { Namespace } from './namespace.js';
import type { Running } from './running.js';

/** Milliseconds between two requests. */
export const INTERVAL_MS = 5;
/** Seconds that an answer may take. A busy machine can delay an answer, which does not count as a loss. */
const PATIENCE_SECONDS = 1;

/** How many of the last requests may be on their way when ping ends: those of 50 ms. */
const IN_FLIGHT = 10;

/** The outcome of echo requests that were sent every 5 ms. */
export interface PingReport {
  readonly sent: number;
  /** The sequence numbers of unanswered requests, in order. */
  readonly lost: readonly number[];
  /** The number of requests with more than one answer. */
  readonly duplicates: number;
  /** The longest time between two answers. It is about the interval if nothing is lost. */
  readonly longestGapMs: number;
}

/** Sends echo requests to one address of either family, and reports which were lost. */
export class Pinger {
  private constructor(private readonly ping: Running) {}

  /** Starts; resolves when the first request is answered. */
  static async start(from: Namespace, address: string): Promise<Pinger> {
    const ping = from.spawn([
      // Runs ahead of all other programs, so that a gap comes from the network and not from the scheduler.
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

  /** Stops and returns the report. */
  async close(): Promise<PingReport> {
    await this.ping.stop('SIGINT');
    return reportOf(this.ping.output);
  }
}

/** Parses the output of iputils' ping(8) with `-D`: `[1700000000.123456] 64 bytes from …: icmp_seq=7 ttl=64 …`. */
export function answersOf(output: string): readonly Answer[] {
  const lines = output.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from .* icmp_seq=(\d+) ttl=(\d+) .*$/gm);
  return [...lines].map(([, at, seq, ttl]) => ({
    atMs: Number(at) * 1000,
    seq: Number(seq),
    ttl: Number(ttl),
  }));
}

export interface Answer {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly seq: number;
  readonly ttl: number;
}

/** Returns what ping's output says. */
export function reportOf(output: string): PingReport {
  const answers = answersOf(output);
  const sent = Number(/^(\d+) packets transmitted/m.exec(output)?.[1]);
  const answered = new Set(answers.map(({ seq }) => seq));
  const gaps = answers.slice(1).map(({ atMs }, index) => atMs - (answers[index]?.atMs ?? atMs));
  const last = Math.max(...answered);
  const due = sent - last <= IN_FLIGHT ? last : sent;
  return {
    sent,
    lost: Array.from({ length: due }, (_, index) => index + 1).filter((seq) => !answered.has(seq)),
    duplicates: answers.length - answered.size,
    longestGapMs: Math.max(...gaps),
  };
}
