import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'lab/session_agent.mjs');

/** The outcome of a session, which sends one byte every 5 ms. A gap of 5 ms is therefore normal. */
export interface SessionReport {
  readonly alive: boolean;
  readonly sent: number;
  readonly answered: number;
  /** The longest time between two answers. */
  readonly longestGapMs: number;
}

/** A session between two namespaces that is in use all the time, as an ssh session can be. */
export class Session {
  private constructor(
    private readonly server: Running | undefined,
    private readonly client: Running,
  ) {}

  static async open(
    from: Namespace,
    to: { readonly in: Namespace; readonly address: string; readonly port: number },
  ): Promise<Session> {
    const server = await Session.serve(to.in, to.port);
    return new Session(server, await keep(from, to));
  }

  /**
   * Starts only the server, for several sessions.
   * @param addresses where it listens, and what its datagrams come from; by default everywhere, and the kernel chooses
   */
  static async serve(inside: Namespace, port: number, addresses: readonly string[] = []): Promise<Running> {
    const server = inside.spawn(agent('serve', String(port), ...addresses));
    await server.says(/serving/);
    return server;
  }

  /** Connects to a running server, from the given local port. */
  static async join(
    from: Namespace,
    to: { readonly address: string; readonly port: number; readonly protocol?: 'tcp' | 'udp' },
    localPort: number,
  ): Promise<Session> {
    return new Session(undefined, await keep(from, to, String(localPort)));
  }

  /** Waits until about 20 answers have arrived. */
  async busy(): Promise<void> {
    await this.client.says(/busy/);
  }

  /** Ends the session and returns its report. */
  async close(): Promise<SessionReport> {
    await this.client.stop();
    await this.server?.stop('SIGKILL');
    return JSON.parse(/^\{.*\}$/m.exec(this.client.output)?.[0] ?? '{}');
  }
}

async function keep(
  from: Namespace,
  {
    address,
    port,
    protocol,
  }: { readonly address: string; readonly port: number; readonly protocol?: 'tcp' | 'udp' },
  ...localPort: readonly string[]
): Promise<Running> {
  const mode = protocol === 'udp' ? 'keep-udp' : 'keep';
  const client = from.spawn(agent(mode, address, String(port), ...localPort));
  await client.says(/open/);
  return client;
}

/** Returns a command with the highest priority, so that a gap comes from the network and not from the scheduler. */
function agent(...args: readonly string[]): string[] {
  return ['nice', '-n', '-20', process.execPath, AGENT, ...args];
}
