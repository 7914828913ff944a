import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'lab/outage_agent.mjs');

/** A run of datagrams without an answer. */
export interface Outage {
  /** When the first was sent, in milliseconds since 1970. */
  readonly startMs: number;
  /** When the datagram after the last could have been sent. */
  readonly endMs: number;
  readonly lost: number;
}

/** Sends datagrams all the time to a server of `Session.serve`, and notes when none is answered. */
export class OutageProbe {
  private constructor(private readonly client: Running) {}

  /**
   * Starts; resolves when the first datagram is answered.
   * @param mode `same`: all from one socket, an established conversation; `new`: each from a socket of its own
   */
  static async open(
    from: Namespace,
    to: { readonly address: string; readonly port: number },
    { intervalMs, mode }: { readonly intervalMs: number; readonly mode: 'same' | 'new' },
  ): Promise<OutageProbe> {
    // Ahead of all other programs, so that a loss comes from the network and not from the scheduler.
    const nice = ['nice', '-n', '-20', process.execPath, AGENT];
    const client = from.spawn([...nice, to.address, String(to.port), String(intervalMs), mode]);
    await client.says(/open/, 20_000);
    return new OutageProbe(client);
  }

  /** Returns the outages that have ended. */
  get outages(): Outage[] {
    return this.client.output
      .split('\n')
      .filter((line) => line.startsWith('{"startMs"'))
      .map((line) => JSON.parse(line));
  }

  /** Stops; returns all outages, and how many datagrams were sent. */
  async close(): Promise<{ readonly sent: number; readonly outages: readonly Outage[] }> {
    await this.client.stop();
    const { sent } = JSON.parse(/^\{"sent":\d+\}$/m.exec(this.client.output)?.[0] ?? '{"sent":0}');
    return { sent, outages: this.outages };
  }
}
