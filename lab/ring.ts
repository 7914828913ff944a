import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';
import { until } from './until.js';

/** The packets that an agent has read from its interface. */
export interface AgentReport {
  readonly packets: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
  readonly malformed: number;
  readonly leaving: number;
  readonly dropped: number;
  readonly talkers: readonly { address: string; class: string; packets: number; bytes: number }[];
  readonly samples: readonly string[];
  readonly cpuMicroseconds: number;
}

/** A process that reads an interface through the ring. */
export class RingAgent {
  private constructor(readonly running: Running) {}

  static async start(net: Namespace, device: string, side = 'phys'): Promise<RingAgent> {
    const agent = join(PROJECT, 'lab/ring_agent.ts');
    const running = net.spawn([process.execPath, '--import=tsx', agent, device, side]);
    await running.says(/reading|error/, 20_000);
    return new RingAgent(running);
  }

  /** Asks the agent for its report; returns the text of its error if it has one. */
  async ask(): Promise<AgentReport | string> {
    const said = this.running.output.length;
    process.kill(this.running.pid, 'SIGUSR2');
    const line = await until('an answer of the agent', () => {
      const fresh = this.running.output.slice(said);
      return fresh.endsWith('\n') ? fresh.trim() : undefined;
    });
    return line.startsWith('{') ? (JSON.parse(line) as AgentReport) : line;
  }

  /** Waits until the agent has read `count` packets of any class, and returns its report. */
  async seen(count: number): Promise<AgentReport> {
    let last: AgentReport | string | undefined;
    return until(
      `${count} packets`,
      async () => {
        last = await this.ask();
        return typeof last === 'object' && totalOf(last) >= count ? last : undefined;
      },
      20_000,
    ).catch((error: unknown) => {
      throw new Error(`${error}; it has seen ${JSON.stringify(last)}`);
    });
  }
}

export function totalOf({ packets }: AgentReport): number {
  return Object.values(packets).reduce((sum, one) => sum + one, 0);
}
