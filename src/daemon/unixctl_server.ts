import { unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { ProductError } from '../net/errors.js';
import { UnixctlConnection } from './unixctl_connection.js';

/** Runs a command. `ovs-appctl` prints the result, or exits with 2 if the handler throws. */
export type CommandHandler = (args: readonly string[]) => string | Promise<string>;

interface Registered {
  readonly usage: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly handler: CommandHandler;
}

/** How many clients may be connected. For a further one, the one that is idle for the longest time is closed. */
const MAX_CLIENTS = 64;
/** How long a client may be connected without a whole request, in milliseconds. */
const IDLE_MS = 30_000;
/** How long the end of the daemon waits for commands that run and for clients that read their answers, in milliseconds. */
const LAST_MS = 2_000;

/** The control socket of a daemon: JSON-RPC with string arguments and a string result (lib/unixctl.c of OVS). */
export class UnixctlServer {
  private readonly commands = new Map<string, Registered>();
  private readonly server: Server;
  private readonly clients = new Set<UnixctlConnection>();
  private readonly answering = new Set<Promise<void>>();

  private sweep: NodeJS.Timeout | undefined;

  constructor(
    private readonly path: string,
    private readonly idleMs = IDLE_MS,
    private readonly lastMs = LAST_MS,
  ) {
    this.server = createServer((socket) => this.serve(socket));
    this.register('list-commands', '', 0, 0, () => this.list());
  }

  register(name: string, usage: string, minArgs: number, maxArgs: number, handler: CommandHandler): void {
    this.commands.set(name, { usage, minArgs, maxArgs, handler });
  }

  /** @throws ProductError `ERR_UNIXCTL` if the socket cannot be made */
  async listen(): Promise<void> {
    removeSocket(this.path);
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (error) => {
        reject(new ProductError('ERR_UNIXCTL', `cannot make control socket ${this.path}`, { cause: error }));
      });
      // A client can stop the daemon, so only its own user may connect, from the first moment: as in OVS, by the umask.
      const umask = process.umask(0o077);
      this.server.listen(this.path, () => {
        this.sweep = setInterval(() => this.closeIdle(), this.idleMs / 2).unref();
        resolve();
      });
      process.umask(umask);
    });
  }

  /**
   * Answers the requests received so far, then closes the socket. A command that does not end, or a client that does not
   * read, cannot keep the daemon from ending.
   */
  async close(): Promise<void> {
    clearInterval(this.sweep);
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const late = setTimeout(() => {
      for (const client of this.clients) client.close();
    }, this.lastMs);
    void Promise.allSettled(this.answering).then(() => {
      for (const client of this.clients) client.closeSoon();
    });
    await closed;
    clearTimeout(late);
    removeSocket(this.path);
  }

  private serve(socket: Socket): void {
    if (this.clients.size >= MAX_CLIENTS) this.closeIdlest();
    if (this.clients.size >= MAX_CLIENTS) {
      socket.destroy();
      return;
    }
    const client = new UnixctlConnection(
      socket,
      (name, args) => this.run(name, args),
      (work) => this.track(work),
    );
    this.clients.add(client);
    socket.on('close', () => this.clients.delete(client));
  }

  /** Makes room for a new client. A client that waits for the answer to a command is never closed for another. */
  private closeIdlest(): void {
    const [idlest] = [...this.clients].toSorted((a, b) => b.idleMs - a.idleMs);
    if (idlest === undefined || idlest.idleMs === 0) return;
    this.clients.delete(idlest);
    idlest.close();
  }

  private closeIdle(): void {
    for (const client of this.clients) if (client.idleMs > this.idleMs) client.close();
  }

  private track(work: Promise<void>): void {
    this.answering.add(work);
    void work.finally(() => this.answering.delete(work));
  }

  private async run(name: string, args: readonly unknown[]): Promise<string> {
    const command = this.commands.get(name);
    if (command === undefined) {
      throw new ProductError(
        'ERR_NO_COMMAND',
        `"${name}" is not a valid command (use "list-commands" to see a list of valid commands)`,
      );
    }
    if (args.length < command.minArgs) {
      throw new ProductError(
        'ERR_ARGUMENTS',
        `"${name}" command requires at least ${command.minArgs} arguments`,
      );
    }
    if (args.length > command.maxArgs) {
      throw new ProductError('ERR_ARGUMENTS', `"${name}" command takes at most ${command.maxArgs} arguments`);
    }
    if (!args.every((one) => typeof one === 'string'))
      throw new ProductError('ERR_ARGUMENTS', `"${name}" command has non-string argument`);
    return command.handler(args);
  }

  private list(): string {
    const lines = [...this.commands]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { usage }]) => `  ${name.padEnd(23)} ${usage}`.trimEnd());
    return `The available commands are:\n${lines.join('\n')}\n`;
  }
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
