import { connect, type Socket } from 'node:net';
import { ProductError } from '../net/errors.js';
import { Inactivity } from '../net/inactivity.js';
import { once } from '../net/socket.js';
import { AnswerWriter } from '../net/unread.js';
import { MalformedMessage } from './wire/errors.js';
import { readHello, versionName, writeHello } from './wire/hello.js';
import { type Message, MessageSplitter, Type, type Version } from './wire/message.js';
import { WireWriter } from './wire/writer.js';

export interface ConnectionOptions {
  /** The socket of the bridge: `RUNDIR/BRIDGE.mgmt`. */
  readonly path: string;
  readonly version: Version;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** See {@link Inactivity}. */
  readonly probeMs: number;
  /** Takes messages that answer no request. It must not keep them after it returns. */
  readonly news: (message: Message) => void;
}

/** The most that is read from the socket at once. */
const READ_BYTES = 64 * 1024;

/** Receives the answers to one or several requests: the messages whose `xid` is in a range. */
export interface Exchange {
  readonly first: number;
  readonly last: number;
  /** The body is a view that must not be kept. */
  receive(message: Message): void;
  /** Reports that the connection has ended. */
  fail(reason: Error): void;
}

/**
 * One OpenFlow connection on a bridge's management socket, with an agreed version. It writes messages, dispatches
 * answers to their exchange by `xid`, and answers the switch's echo requests.
 */
export class Connection {
  /** Resolves with the reason when the connection has ended. */
  readonly closed: Promise<Error>;
  private readonly socket: Socket;
  private readonly out: WireWriter;
  private readonly exchanges = new Set<Exchange>();
  private readonly splitter = new MessageSplitter();
  private readonly inactivity: Inactivity;
  private readonly answers: AnswerWriter;
  private nextXid = 1;
  private failure: Error | undefined;
  private isAgreed = false;
  private negotiated: (() => void) | undefined;

  private constructor(private readonly options: ConnectionOptions) {
    this.out = new WireWriter(options.version);
    this.socket = this.connect();
    const { socket } = this;
    this.answers = new AnswerWriter(socket);
    const { probeMs } = options;
    this.inactivity = new Inactivity({
      probeMs,
      ask: () => this.send((out) => writeEcho(out, Type.echoRequest, this.reserve(1))),
      giveUp: () =>
        this.close(new ProductError('ERR_NO_ECHO', `the switch has been silent for more than ${probeMs} ms`)),
    });
    socket.on('error', (error) => this.close(error));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.inactivity.stop();
        const reason =
          this.failure ?? new ProductError('ERR_CONNECTION_CLOSED', 'the switch closed the connection');
        this.failure = reason;
        for (const exchange of this.exchanges) exchange.fail(reason);
        this.exchanges.clear();
        resolve(reason);
      });
    });
  }

  /**
   * Connects and agrees on the version (OpenFlow 1.4.1 section 6.3.1).
   * @throws ProductError `ERR_OPENFLOW_VERSION`, `ERR_NO_ANSWER`, or the error of the socket
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    await once(connection.socket, 'connect', AbortSignal.timeout(options.timeoutMs));
    const agreed = new Promise<void>((resolve, reject) => {
      connection.negotiated = resolve;
      void connection.closed.then(reject);
    });
    connection.send((out) => writeHello(out, connection.reserve(1)));
    await connection.inTime(agreed);
    return connection;
  }

  /** Reserves `count` consecutive message numbers and returns the first. */
  reserve(count: number): number {
    if (this.nextXid + count > 0xffffffff) this.nextXid = 1;
    const first = this.nextXid;
    this.nextXid += count;
    return first;
  }

  /** Dispatches messages to `exchange` until the connection ends or the returned function is called. */
  start(exchange: Exchange): () => void {
    if (this.failure !== undefined) exchange.fail(this.failure);
    else this.exchanges.add(exchange);
    return () => this.exchanges.delete(exchange);
  }

  /** Sends the messages that `write` writes. If the connection has ended, only their exchanges report it. */
  send(write: (out: WireWriter) => void): void {
    try {
      write(this.out);
      this.socket.write(Buffer.from(this.out.bytes));
    } finally {
      this.out.clear();
    }
  }

  /**
   * Sends whole messages from a buffer of the caller. Resolves when the kernel has taken them, so that the buffer can
   * be reused; with a slow switch this takes longer.
   * @throws the reason of `closed`
   */
  async stream(bytes: Buffer): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    await this.inTime(
      new Promise<void>((resolve, reject) => {
        this.socket.write(bytes, (error) => (error ? reject(this.failure ?? error) : resolve()));
      }),
    );
  }

  /** Waits for `answer`. Closes the connection after `timeoutMs`, which makes the answer fail. */
  async inTime<T>(answer: Promise<T>): Promise<T> {
    const { timeoutMs } = this.options;
    const timer = setTimeout(() => {
      this.close(new ProductError('ERR_NO_ANSWER', `no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  close(reason: Error = new ProductError('ERR_CONNECTION_CLOSED', 'the connection was closed')): void {
    this.failure ??= reason;
    this.socket.destroy();
  }

  /** Connects, and always reads into the same buffer: a new one for each read would take a tenth of a change's time. */
  private connect(): Socket {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (length: number) => {
      this.receive(buffer.subarray(0, length));
      return true;
    };
    return connect({ path: this.options.path, onread: { buffer, callback } });
  }

  private receive(chunk: Buffer): void {
    try {
      this.splitter.push(chunk, (message) => {
        // Only whole messages count: the octets of one that does not end come from a switch that does not answer.
        this.inactivity.received();
        // The messages behind the one that ended the connection are void.
        if (this.failure === undefined) this.handle(message);
      });
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private handle(message: Message): void {
    const { version, type, xid, body } = message;
    if (type === Type.hello) this.negotiate(message);
    else if (!this.isAgreed) return;
    else if (version !== this.options.version && type !== Type.error) {
      throw new MalformedMessage(`a message of OpenFlow ${versionName(version)}`);
    } else if (type === Type.echoRequest) this.answerEcho(xid, body);
    else if (type !== Type.echoReply) this.deliver(message);
  }

  private deliver(message: Message): void {
    for (const exchange of this.exchanges) {
      if (message.xid >= exchange.first && message.xid <= exchange.last) {
        exchange.receive(message);
        return;
      }
    }
    this.options.news(message);
  }

  private negotiate(hello: Message): void {
    const { version } = this.options;
    const spoken = readHello(hello);
    if (spoken.includes(version)) {
      this.isAgreed = true;
      this.negotiated?.();
      return;
    }
    this.close(
      new ProductError(
        'ERR_OPENFLOW_VERSION',
        `does not speak OpenFlow ${versionName(version)}, only ${spoken.map(versionName).join(', ')}: see "protocols" of its Bridge row`,
      ),
    );
  }

  private answerEcho(xid: number, body: Buffer): void {
    try {
      writeEcho(this.out, Type.echoReply, xid, body);
      this.answers.write(Buffer.from(this.out.bytes));
    } finally {
      this.out.clear();
    }
  }
}

function writeEcho(out: WireWriter, type: number, xid: number, body?: Buffer): void {
  const start = out.begin(type, xid);
  if (body !== undefined) out.raw(body);
  out.end(start);
}
