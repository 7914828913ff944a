import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'test/lab/session_agent.mjs');

/** What became of a session; a byte went out every 5 ms, so a gap below that is none. */
export interface SessionReport {
  readonly alive: boolean;
  readonly sent: number;
  readonly answered: number;
  /** The longest time between two answers. */
  readonly longestGapMs: number;
}

/** A TCP session from one namespace to another that is in use all the time, as an ssh session can be. */
export class Session {
  private constructor(
    private readonly server: Running,
    private readonly client: Running,
  ) {}

  static async open(
    from: Namespace,
    to: { readonly in: Namespace; readonly address: string; readonly port: number },
  ): Promise<Session> {
    const server = to.in.spawn(agent('serve', String(to.port)));
    await server.says(/serving/);
    const client = from.spawn(agent('keep', to.address, String(to.port)));
    await client.says(/open/);
    return new Session(server, client);
  }

  /** Ends the session and answers how it went. */
  async close(): Promise<SessionReport> {
    await this.client.stop();
    await this.server.stop('SIGKILL');
    return JSON.parse(/^\{.*\}$/m.exec(this.client.output)?.[0] ?? '{}');
  }
}

/** Ahead of everything else on the machine, so that a gap is the network's and not the scheduler's. */
function agent(...args: readonly string[]): string[] {
  return ['nice', '-n', '-20', process.execPath, AGENT, ...args];
}
