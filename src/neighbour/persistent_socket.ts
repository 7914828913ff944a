import { Backoff } from '../daemon/backoff.js';
import { ProductError } from '../net/errors.js';
import { type Clock, systemClock } from './clock.js';
import type { NeighbourMessage } from './message.js';
import { NeighbourSocket, type OpenSocket } from './neighbour_socket.js';

/** The pause between two attempts to open the interface, in milliseconds: an attempt costs little. */
const RETRY = { firstMs: 250, mostMs: 1_000 };

export interface PersistentSocketOptions {
  readonly received: (message: NeighbourMessage, at: number) => void;
  /** Called after the socket was opened, and after it was lost for a new reason ({@link PersistentSocket.problem}). */
  readonly changed: () => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly open?: OpenSocket;
}

/** Keeps a {@link NeighbourSocket} open until `signal` is aborted: reopens it after every failure. Never throws. */
export class PersistentSocket {
  private current: NeighbourSocket | undefined;
  private why: string | undefined;
  private openedAt: number | undefined;
  private readonly backoff = new Backoff(RETRY);

  constructor(
    private readonly name: string,
    private readonly options: PersistentSocketOptions,
  ) {
    options.signal.addEventListener('abort', () => this.current?.close(), { once: true });
    this.open();
  }

  /** The open socket; `undefined` while the interface cannot be opened. */
  get socket(): NeighbourSocket | undefined {
    return this.current;
  }

  /** Why the interface cannot be opened; `undefined` while it is open. */
  get problem(): string | undefined {
    return this.why;
  }

  private open(): void {
    const { clock = systemClock, signal, open, received, changed } = this.options;
    if (signal.aborted) return;
    try {
      const socket = new NeighbourSocket(this.name, open);
      socket.listen({ received, failed: (error) => this.lose(error) });
      this.current = socket;
      this.openedAt = clock.now();
      this.why = undefined;
      changed();
    } catch (error) {
      if (!(error instanceof ProductError)) throw error;
      this.lose(error);
    }
  }

  private lose({ message }: ProductError): void {
    const { clock = systemClock, signal, changed } = this.options;
    this.current?.close();
    this.current = undefined;
    const isNews = this.why !== message;
    this.why = message;
    const workedMs = this.openedAt === undefined ? 0 : clock.now() - this.openedAt;
    this.openedAt = undefined;
    const cancel = clock.after(this.backoff.next(workedMs), () => {
      signal.removeEventListener('abort', cancel);
      this.open();
    });
    signal.addEventListener('abort', cancel, { once: true });
    if (isNews) changed();
  }
}
