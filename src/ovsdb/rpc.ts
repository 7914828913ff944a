import type { Socket } from 'node:net';
import { ProductError } from '../net/errors.js';
import { Inactivity } from '../net/inactivity.js';
import { JsonSplitter, parseJson } from '../net/json_stream.js';
import { AnswerWriter, MAX_UNREAD_BYTES } from '../net/unread.js';
import { errorText } from './errors.js';

/** An error reply to a request. In OVSDB `error` is a name, such as `"unknown method"` (RFC 7047 section 4). */
export class RpcError extends ProductError {
  override readonly name = 'RpcError';
  constructor(
    method: string,
    readonly error: unknown,
  ) {
    super('ERR_RPC', `${method}: ${errorText(error)}`);
  }
}

interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

interface Waiting {
  readonly method: string;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export interface RpcOptions {
  readonly socket: Socket;
  readonly notified: (method: string, params: readonly unknown[]) => void;
  /** See {@link Inactivity}; the same as `inactivity_probe` in ovs-vswitchd.conf.db(5). */
  readonly probeMs: number;
}

/**
 * One JSON-RPC 1.0 session on a socket (RFC 7047 section 4): requests, notifications, and `echo` in both directions.
 */
export class RpcSession {
  private readonly splitter = new JsonSplitter();
  private readonly waiting = new Map<number, Waiting>();
  private readonly inactivity: Inactivity;
  private readonly answers: AnswerWriter;
  private nextId = 1;
  private failure: Error | undefined;

  /** Resolves with the reason when the session has ended. */
  readonly closed: Promise<Error>;

  constructor(private readonly options: RpcOptions) {
    const { socket, probeMs } = options;
    this.answers = new AnswerWriter(socket);
    this.inactivity = new Inactivity({
      probeMs,
      ask: () => {
        this.request('echo', []).catch(() => {
          // The session has ended; `closed` has the reason.
        });
      },
      giveUp: () =>
        this.fail(new ProductError('ERR_NO_ECHO', `the peer has been silent for more than ${probeMs} ms`)),
    });
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.fail(error));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.inactivity.stop();
        this.splitter.release();
        const reason = this.failure ?? new ProductError('ERR_CONNECTION_CLOSED', 'the connection was closed');
        for (const { reject } of this.waiting.values()) reject(reason);
        this.waiting.clear();
        resolve(reason);
      });
    });
  }

  /**
   * Sends a request and returns the reply's result.
   * @throws RpcError for an error reply; the reason of `closed` if the session ends first
   */
  request(method: string, params: readonly unknown[]): Promise<unknown> {
    if (this.options.socket.destroyed) {
      return Promise.reject(
        this.failure ?? new ProductError('ERR_CONNECTION_CLOSED', 'the connection was closed'),
      );
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { method, resolve, reject });
      this.send({ method, params, id });
    });
  }

  /** Returns whether a request with this method has no reply yet. */
  awaits(method: string): boolean {
    return [...this.waiting.values()].some((one) => one.method === method);
  }

  close(reason?: Error): void {
    this.fail(reason ?? new ProductError('ERR_CONNECTION_CLOSED', 'the connection was closed'));
  }

  private send(message: unknown): void {
    this.options.socket.write(JSON.stringify(message));
  }

  private receive(chunk: Buffer): void {
    try {
      const texts = this.splitter.push(chunk);
      if (texts.length > 0) this.inactivity.received();
      else this.inactivity.receivedPart(chunk.length);
      for (const text of texts) {
        // A handler may have closed the session; the peer's later messages are then void.
        if (this.failure !== undefined) return;
        this.handle(parseJson(text), text.length);
      }
    } catch (error) {
      // The rest of the stream cannot be split into messages, so the session ends.
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private handle(message: unknown, length: number): void {
    if (!isMessage(message))
      throw new ProductError('ERR_NOT_JSON', 'the peer sent a message that is not an object');
    if (typeof message.method === 'string') {
      const params = Array.isArray(message.params) ? message.params : [];
      if (message.method === 'echo') {
        // Checked first: to make the reply takes three times its size in memory.
        if (length > MAX_UNREAD_BYTES) {
          const why = `the peer sent an echo request of more than ${MAX_UNREAD_BYTES} bytes`;
          throw new ProductError('ERR_MESSAGE_TOO_LARGE', why);
        }
        this.answers.write(Buffer.from(JSON.stringify({ id: message.id, result: params, error: null })));
      } else if (message.id === null || message.id === undefined)
        this.options.notified(message.method, params);
      return;
    }
    const waiting = typeof message.id === 'number' ? this.waiting.get(message.id) : undefined;
    if (waiting === undefined || typeof message.id !== 'number') return;
    this.waiting.delete(message.id);
    if (message.error === null || message.error === undefined) waiting.resolve(message.result);
    else waiting.reject(new RpcError(waiting.method, message.error));
  }

  private fail(reason: Error): void {
    this.failure ??= reason;
    this.options.socket.destroy();
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
