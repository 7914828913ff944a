import { join } from 'node:path';
import { execa } from 'execa';
import type { Lab } from './lab.js';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

/** The outcome of echo requests to one address, sent each millisecond. */
export interface EchoReport {
  readonly sent: number;
  readonly lost: number;
  /** Answers to requests that were answered already. */
  readonly duplicates: number;
  /** The longest time between two answers; 1 ms if nothing is late. */
  readonly longestGapMs: number;
  /** The times between two answers that are above 2 ms, in order. */
  readonly gaps: readonly Gap[];
}

export interface Gap {
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly ms: number;
}

/** Sends echo requests each millisecond, from a program that runs before all others on the machine (sched(7), FIFO). */
export class Echoes {
  private constructor(
    private readonly program: Running,
    private readonly addresses: readonly string[],
  ) {}

  /** Builds the program; its file goes with the lab. */
  static async build(lab: Lab): Promise<string> {
    const program = join(lab.dir, 'echoes');
    await execa('g++', ['-O2', '-std=c++20', '-o', program, join(PROJECT, 'lab/echoes.cc')]);
    return program;
  }

  /** Starts; resolves when the first request is answered. */
  static async start(program: string, from: Namespace, ...addresses: readonly string[]): Promise<Echoes> {
    const running = from.spawn(['chrt', '--fifo', '50', program, ...addresses]);
    await running.says(/answered/);
    return new Echoes(running, addresses);
  }

  /** Stops; returns a report for each address. */
  async close(): Promise<EchoReport[]> {
    await this.program.stop('SIGINT');
    const reports: (EchoReport & { readonly gaps: Gap[] })[] = [];
    for (const line of this.program.output.split('\n')) {
      const [first = 0, second = 0, ...more] = line.split(' ').map(Number);
      const [duplicates = 0, longest = 0] = more;
      if (more.length === 2)
        reports.push({ sent: first, lost: second, duplicates, longestGapMs: longest / 1_000, gaps: [] });
      else if (/^\d+ \d+$/.test(line))
        reports.at(-1)?.gaps.push({ startMs: first / 1_000, ms: second / 1_000 });
    }
    if (reports.length !== this.addresses.length) throw new Error(`echoes printed: ${this.program.output}`);
    return reports;
  }
}
