import type { Socket } from 'node:net';
import { setImmediate as breath } from 'node:timers/promises';
import { explainError, ProductError } from '../net/errors.js';
import { type JsonLimits, JsonSplitter, MAX_DEPTH, parseJson } from '../net/json_stream.js';
import { escapeControls, printableLine } from '../net/printable.js';
import { MAX_UNREAD_BYTES } from '../net/unread.js';

/** Runs a command, with arguments as they were sent, and returns its result. */
export type RunCommand = (name: string, args: readonly unknown[]) => Promise<string>;

/** Far more than the longest request: a command and its arguments. */
const REQUEST_LIMITS: JsonLimits = { maxBytes: 256 * 1024, maxDepth: MAX_DEPTH, maxCost: 20_000 };

/**
 * One client of the control socket. Its requests are answered one after another, and none while the client has not read
 * the earlier answers.
 */
export class UnixctlConnection {
  private readonly splitter = new JsonSplitter(REQUEST_LIMITS);
  private readonly requests: string[] = [];
  private isAnswering = false;
  private activeAt = performance.now();

  constructor(
    private readonly socket: Socket,
    private readonly run: RunCommand,
    /** Is told each piece of work, so that the server can wait for it. */
    private readonly track: (work: Promise<void>) => void,
  ) {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.receive(chunk));
  }

  /** Milliseconds since the last whole request or its answer; 0 while a command runs. */
  get idleMs(): number {
    return this.isAnswering ? 0 : performance.now() - this.activeAt;
  }

  close(): void {
    this.socket.destroy();
  }

  /** Closes the connection after what has been answered is sent. */
  closeSoon(): void {
    this.socket.destroySoon();
  }

  private receive(chunk: Buffer): void {
    try {
      this.requests.push(...this.splitter.push(chunk));
    } catch {
      // The peer does not speak JSON-RPC, so it gets no answer.
      this.close();
      return;
    }
    if (this.requests.length === 0 || this.isAnswering) return;
    this.isAnswering = true;
    this.socket.pause();
    // Tracked before the first command runs: a command that closes the server must wait for its own answer.
    this.track(Promise.resolve().then(() => this.answerAll()));
  }

  private async answerAll(): Promise<void> {
    for (let text = this.requests.shift(); text !== undefined; text = this.requests.shift()) {
      if (this.socket.writableLength > MAX_UNREAD_BYTES) this.close();
      if (this.socket.destroyed) break;
      await this.answer(text).catch(() => this.close());
      // One request of each client in turn, and whatever else this process has to do.
      if (this.requests.length > 0) await breath();
    }
    this.isAnswering = false;
    this.activeAt = performance.now();
    this.socket.resume();
  }

  /** @throws ProductError if `text` is not a request, which closes the connection */
  private async answer(text: string): Promise<void> {
    const request = requestOf(text);
    let reply: { result: string | null; error: string | null };
    try {
      reply = {
        result: withNewline(escapeControls(await this.run(request.method, request.params))),
        error: null,
      };
    } catch (error) {
      reply = { result: null, error: withNewline(printableLine(explainError(error))) };
    }
    if (!this.socket.destroyed) this.socket.write(JSON.stringify({ id: request.id, ...reply }));
  }
}

interface Request {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

function requestOf(text: string): Request {
  const request = parseJson(text);
  if (typeof request === 'object' && request !== null && 'id' in request && 'method' in request) {
    const { id, method } = request;
    const params: unknown = 'params' in request ? request.params : [];
    if (typeof method === 'string' && Array.isArray(params)) return { id, method, params };
  }
  throw new ProductError('ERR_NOT_JSON', 'the client sent something that is not a request');
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
