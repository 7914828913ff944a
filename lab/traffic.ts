import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'lab/traffic_agent.mjs');
const OPEN_MS = 20_000;

/** What traffic is for, as the promises about faults name it. */
export const TRAFFIC_CLASSES = ['management', 'established', 'new', 'node port'] as const;
export type TrafficClass = (typeof TRAFFIC_CLASSES)[number];

/** One probe: a client that asks a server of a port (`Session.serve`) all the time. */
export interface Probe {
  readonly class: TrafficClass;
  readonly name: string;
  readonly from: Namespace;
  /** Datagrams from one port, datagrams each from a new port, or bytes over one TCP connection. */
  readonly kind: 'flow' | 'new' | 'tcp';
  readonly address: string;
  readonly port: number;
  readonly everyMs: number;
}

/** The effects on one probe between two reports. */
export interface ProbeTimes {
  readonly class: TrafficClass;
  readonly name: string;
  readonly kind: Probe['kind'];
  readonly sent: number;
  /** Requests without an answer within 1 s. A late answer of a busy machine is none of them. */
  readonly lost: number;
  /** The longest time without an answered request, in milliseconds; 0 if all were answered. */
  readonly longestMs: number;
  /** When it began, in milliseconds since 1970. */
  readonly from?: number;
  /** How long before the report the last answered request was sent, in milliseconds. */
  readonly silentMs: number;
  /** How often the TCP connection broke. */
  readonly broken: number;
}

/** Sends probes from many namespaces all the time. */
export class Traffic {
  private reports = 0;

  private constructor(
    private readonly probes: readonly Probe[],
    private readonly agents: readonly { readonly running: Running; readonly names: readonly string[] }[],
  ) {}

  /** Starts; resolves when every probe was answered once. */
  static async start(probes: readonly Probe[]): Promise<Traffic> {
    const agents = [...new Set(probes.map(({ from }) => from))].map((from) => {
      const own = probes.filter((probe) => probe.from === from);
      const targets = own.map(({ name, kind, address, port, everyMs }) => ({
        name,
        kind,
        address,
        port,
        everyMs,
      }));
      // Runs ahead of all other programs, so that a gap comes from the network and not from the scheduler.
      const argv = ['nice', '-n', '-20', process.execPath, AGENT, JSON.stringify(targets)];
      return { running: from.spawn(argv), names: own.map(({ name }) => name) };
    });
    await Promise.all(agents.map(({ running }) => running.says(/^open/m, OPEN_MS)));
    const traffic = new Traffic(probes, agents);
    await traffic.report();
    return traffic;
  }

  /** Returns what happened since the last report. Takes a second, for the last answers. */
  async report(): Promise<readonly ProbeTimes[]> {
    this.reports += 1;
    const found = await Promise.all(
      this.agents.map(async ({ running }) => {
        process.kill(running.pid, 'SIGUSR1');
        const line = await running.says(new RegExp(`^report ${this.reports} .*$`, 'm'), OPEN_MS);
        return JSON.parse(line.replace(/^report \d+ /, '')) as Omit<ProbeTimes, 'class' | 'kind'>[];
      }),
    );
    const times = new Map(found.flat().map((one) => [one.name, one]));
    return this.probes.flatMap((probe) => {
      const one = times.get(probe.name);
      return one === undefined ? [] : [{ ...one, class: probe.class, kind: probe.kind }];
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.agents.map(({ running }) => running.stop('SIGKILL')));
  }
}
