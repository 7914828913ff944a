import type { Socket } from 'node:net';
import { ProductError } from '../net/errors.js';
import { Inactivity } from '../net/inactivity.js';
import { JsonSplitter } from '../net/json_stream.js';

/** An error reply to a request. In OVSDB `error` is a name, such as `"unknown method"` (RFC 7047 section 4). */
export class RpcError extends ProductError {
  override readonly name = 'RpcError';
  constructor(
    method: string,
    readonly error: unknown,
  ) {
    const text = typeof error === 'string' ? error : JSON.stringify(error);
    super('ERR_RPC', `${method}: ${text}`);
  }
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
  private nextId = 1;
  private failure: Error | undefined;

  /** Resolves with the reason when the session has ended. */
  readonly closed: Promise<Error>;

  constructor(private readonly options: RpcOptions) {
    const { socket, probeMs } = options;
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

  close(reason?: Error): void {
    this.fail(reason ?? new ProductError('ERR_CONNECTION_CLOSED', 'the connection was closed'));
  }

  private send(message: unknown): void {
    this.options.socket.write(JSON.stringify(message));
  }

  private receive(chunk: Buffer): void {
    this.inactivity.received();
    try {
      for (const text of this.splitter.push(chunk)) this.handle(JSON.parse(text));
    } catch (error) {
      // The rest of the stream cannot be split into messages, so the session ends.
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private handle(message: {
    id?: unknown;
    method?: unknown;
    params?: unknown;
    result?: unknown;
    error?: unknown;
  }): void {
    if (typeof message.method === 'string') {
      const params = Array.isArray(message.params) ? message.params : [];
      if (message.method === 'echo') this.send({ id: message.id, result: params, error: null });
      else if (message.id === null || message.id === undefined) this.options.notified(message.method, params);
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
