import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { explainError, ProductError } from '../net/errors.js';
import { JsonSplitter } from '../net/json_stream.js';
import { escapeControls, printableLine } from '../net/printable.js';

/** Runs a command. `ovs-appctl` prints the result, or exits with 2 if the handler throws. */
export type CommandHandler = (args: readonly string[]) => string | Promise<string>;

interface Registered {
  readonly usage: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly handler: CommandHandler;
}

/** Far more than the longest request: a command and its arguments. */
const MAX_REQUEST_BYTES = 256 * 1024;

/** The control socket of a daemon: JSON-RPC with string arguments and a string result (lib/unixctl.c of OVS). */
export class UnixctlServer {
  private readonly commands = new Map<string, Registered>();
  private readonly server: Server;
  private readonly clients = new Set<Socket>();
  private readonly answering = new Set<Promise<void>>();

  constructor(private readonly path: string) {
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
      this.server.listen(this.path, () => {
        // A client can stop the daemon, so only its own user may connect, as with OVS's umask.
        chmodSync(this.path, 0o700);
        resolve();
      });
    });
  }

  /** Answers the requests received so far, then closes the socket. */
  async close(): Promise<void> {
    this.server.close();
    await Promise.allSettled(this.answering);
    for (const socket of this.clients) socket.destroySoon();
    removeSocket(this.path);
  }

  private serve(socket: Socket): void {
    const splitter = new JsonSplitter(MAX_REQUEST_BYTES);
    this.clients.add(socket);
    socket.on('close', () => this.clients.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      try {
        // track() comes before the handler runs: a handler that closes the server must wait for its own answer.
        for (const text of splitter.push(chunk))
          this.track(Promise.resolve(JSON.parse(text)).then((request) => this.answer(socket, request)));
      } catch {
        // The peer does not speak JSON-RPC, so it gets no answer.
        socket.destroy();
      }
    });
  }

  private track(answer: Promise<void>): void {
    this.answering.add(answer);
    void answer.finally(() => this.answering.delete(answer));
  }

  private async answer(
    socket: Socket,
    request: { id?: unknown; method?: unknown; params?: unknown },
  ): Promise<void> {
    const args = Array.isArray(request.params) ? request.params.map(String) : [];
    let reply: { result: string | null; error: string | null };
    try {
      reply = {
        result: withNewline(escapeControls(await this.run(String(request.method), args))),
        error: null,
      };
    } catch (error) {
      reply = { result: null, error: withNewline(printableLine(explainError(error))) };
    }
    if (!socket.destroyed) socket.write(JSON.stringify({ id: request.id, ...reply }));
  }

  private async run(name: string, args: readonly string[]): Promise<string> {
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
    return command.handler(args);
  }

  private list(): string {
    const lines = [...this.commands]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { usage }]) => `  ${name.padEnd(23)} ${usage}`.trimEnd());
    return `The available commands are:\n${lines.join('\n')}\n`;
  }
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
