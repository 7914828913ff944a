import { ProductError } from '../net/errors.js';
import { type Clock, systemClock } from './clock.js';
import { Link, type OpenSocket } from './link.js';
import type { NeighbourMessage } from './message.js';

/** How often an interface that cannot be opened is tried again, in milliseconds. */
const AGAIN_MS = 1_000;

export interface SteadyLinkOptions {
  readonly hear: (message: NeighbourMessage, at: number) => void;
  /** It is there, for the first time or again; or it is not, and {@link SteadyLink.problem} says why. */
  readonly changed: () => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly open?: OpenSocket;
}

/** A link that is opened again after whatever ended it, for as long as `signal` is not aborted. It never throws. */
export class SteadyLink {
  private current: Link | undefined;
  private why: string | undefined;

  constructor(
    private readonly name: string,
    private readonly options: SteadyLinkOptions,
  ) {
    options.signal.addEventListener('abort', () => this.current?.close(), { once: true });
    this.open();
  }

  get link(): Link | undefined {
    return this.current;
  }

  get problem(): string | undefined {
    return this.why;
  }

  private open(): void {
    const { signal, open, hear, changed } = this.options;
    if (signal.aborted) return;
    try {
      const link = new Link(this.name, open);
      link.listen({ hear, fail: (error) => this.lose(error) });
      this.current = link;
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
    const cancel = clock.after(AGAIN_MS, () => {
      signal.removeEventListener('abort', cancel);
      this.open();
    });
    signal.addEventListener('abort', cancel, { once: true });
    if (isNews) changed();
  }
}
