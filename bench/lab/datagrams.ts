import { join } from 'node:path';
import type { Namespace } from '../../lab/namespace.js';
import { PROJECT } from '../../lab/project.js';
import type { Running } from '../../lab/running.js';

const AGENT = join(PROJECT, 'bench/lab/datagram_agent.mjs');

export interface StreamReport {
  readonly sent: number;
  readonly answered: number;
  /** The longest time between two answers. */
  readonly longestGapMs: number;
}

/** Sends numbered datagrams to a host, which sends each back. */
export class Stream {
  private constructor(
    private readonly server: Running,
    private readonly client: Running,
  ) {}

  static async open(
    from: Namespace,
    to: { readonly in: Namespace; readonly address: string; readonly port: number },
    intervalMs: number,
  ): Promise<Stream> {
    const server = await serveDatagrams(to.in, to.port);
    const client = from.spawn(agent('keep', to.address, String(to.port), String(intervalMs)));
    await client.says(/open/);
    return new Stream(server, client);
  }

  async close(): Promise<StreamReport> {
    await this.client.stop();
    await this.server.stop('SIGKILL');
    return JSON.parse(/^\{.*\}$/m.exec(this.client.output)?.[0] ?? '{}');
  }
}

/** Makes a host send back the datagrams that arrive at a port. */
export async function serveDatagrams(net: Namespace, port: number): Promise<Running> {
  const server = net.spawn(agent('serve', String(port)));
  await server.says(/serving/);
  return server;
}

/** Sends `count` datagrams from many source ports, slowly enough that none is lost. */
export async function sendDatagrams(
  from: Namespace,
  to: { readonly address: string; readonly port: number },
  count: number,
): Promise<void> {
  await from.exec(agent('flood', to.address, String(to.port), String(count)));
}

/** Opens `count` "connections", each from a new socket. Returns how many were answered, and when the last one was. */
export async function openMany(
  from: Namespace,
  to: { readonly address: string; readonly port: number },
  count: number,
): Promise<{ readonly answered: number; readonly lastMs: number }> {
  return JSON.parse(await from.exec(agent('open', to.address, String(to.port), String(count))));
}

/** Returns a command that runs ahead of all other programs, so that any loss is the switch's. */
function agent(...args: readonly string[]): string[] {
  return ['nice', '-n', '-20', process.execPath, AGENT, ...args];
}
