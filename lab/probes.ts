import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'lab/probe_agent.mjs');

export interface ProbeReport {
  readonly sent: number;
  readonly answered: number;
}

/** Starts new conversations all the time, as clients of a service do. */
export class Probes {
  private constructor(private readonly client: Running) {}

  /** Makes a namespace answer conversations at a port. */
  static async serve(inside: Namespace, port: number): Promise<Running> {
    const server = inside.spawn([process.execPath, AGENT, 'serve', String(port)]);
    await server.says(/serving/);
    return server;
  }

  /** Starts; resolves when the first conversation is answered. */
  static async open(from: Namespace, address: string, port: number, intervalMs: number): Promise<Probes> {
    const client = from.spawn([process.execPath, AGENT, 'keep', address, String(port), String(intervalMs)]);
    await client.says(/open/);
    return new Probes(client);
  }

  async close(): Promise<ProbeReport> {
    await this.client.stop();
    return JSON.parse(/^\{.*\}$/m.exec(this.client.output)?.[0] ?? '{}');
  }
}
