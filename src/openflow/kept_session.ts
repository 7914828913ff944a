import { Backoff } from '../daemon/backoff.js';
import { sleep } from '../daemon/sleep.js';
import { explainError } from '../net/errors.js';
import { isAway } from '../net/socket.js';
import type { SwitchNews } from './channel.js';
import { SwitchUnreachable } from './errors.js';
import type { Session } from './session.js';

/** How long to wait before another attempt if nothing listens on the socket. An accepted connection costs 0.1 ms. */
const PROBE_MS = 15;
/** How long to wait after the first session that could not be opened, or that ended. */
const FIRST_MS = 15;

/** The session of a channel that watches its switch. It is opened again whenever it ends. */
export class KeptSession {
  isWatched = false;
  /** Why there is no session, if the switch answered. */
  reason: string | undefined;
  private session: Session | undefined;
  private uses = 0;
  private readonly backoff = new Backoff({ firstMs: FIRST_MS });

  constructor(private readonly bridge: string) {}

  get isUp(): boolean {
    return this.session !== undefined;
  }

  /** Calls `use` with the session. @throws SwitchUnreachable if there is none */
  async use<T>(use: (session: Session) => Promise<T>): Promise<T> {
    const { session } = this;
    if (session === undefined) {
      throw new SwitchUnreachable(this.bridge, this.reason ?? 'ovs-vswitchd does not answer');
    }
    this.uses += 1;
    try {
      return await use(session);
    } finally {
      this.uses -= 1;
      if (!this.isWatched && this.uses === 0) session.close();
    }
  }

  /** Keeps a session open until `signal` is aborted. A use that is under way at the abort can still finish. */
  async keep(
    open: () => Promise<Session>,
    listener: (news: SwitchNews) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.isWatched = true;
    const stop = () => {
      this.isWatched = false;
      if (this.uses === 0) this.session?.close();
    };
    signal.addEventListener('abort', stop, { once: true });
    while (!signal.aborted) {
      const wait = await this.once(open, listener, signal);
      await sleep(wait, signal);
    }
  }

  describe(): string {
    if (this.session === undefined) return 'openflow, no session';
    const { features, monitor } = this.session;
    const datapath = features.datapathId.toString(16).padStart(16, '0');
    return `openflow, OpenFlow 1.4 with datapath ${datapath}, ${NEWS[monitor]}`;
  }

  /** Runs one session from start to end. @returns how long to wait before the next, in milliseconds */
  private async once(
    open: () => Promise<Session>,
    listener: (news: SwitchNews) => void,
    signal: AbortSignal,
  ): Promise<number> {
    try {
      this.session = await open();
    } catch (error) {
      if (isAway(error)) {
        this.reason = undefined;
        // A switch that ended and comes back is not one that refuses.
        this.backoff.reset();
        return PROBE_MS;
      }
      this.reason = explainError(error);
      return this.backoff.next();
    }
    this.reason = undefined;
    const began = performance.now();
    if (signal.aborted) this.session.close();
    else listener('up');
    await this.session.closed;
    this.session = undefined;
    if (!signal.aborted) listener('down');
    return this.backoff.next(performance.now() - began);
  }
}

const NEWS = {
  precise: 'notified of the changes of others',
  'any change': 'notified of every change, its own too: the switch has only the flow monitor of OpenFlow 1.0',
  none: 'notified of no change: the switch has no flow monitor, or its bridge no OpenFlow 1.0',
} as const;
