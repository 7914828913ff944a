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
    const lines = [...this.program.output.matchAll(/^(\d+) (\d+) (\d+) (\d+)$/gm)];
    if (lines.length !== this.addresses.length) throw new Error(`echoes printed: ${this.program.output}`);
    return lines.map(([, sent, lost, duplicates, longest]) => ({
      sent: Number(sent),
      lost: Number(lost),
      duplicates: Number(duplicates),
      longestGapMs: Number(longest) / 1_000,
    }));
  }
}
