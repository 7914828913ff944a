import { sleep } from '../daemon/sleep.js';
import { explainError } from '../net/errors.js';
import type { SwitchNews } from './channel.js';
import { SwitchUnreachable } from './errors.js';
import type { Session } from './session.js';

/** How often a socket that refuses is tried again: an accepted connection costs a tenth of a millisecond. */
const PROBE_MS = 15;
/** How often a switch that answers, and is of no use, is tried again. */
const RETRY_MS = 500;

/** The session of a channel that watches, opened again whenever it ends. */
export class KeptSession {
  isWatched = false;
  /** Why there is no session. */
  reason: string | undefined;
  private session: Session | undefined;
  private uses = 0;

  constructor(private readonly bridge: string) {}

  get isUp(): boolean {
    return this.session !== undefined;
  }

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

  /** Returns when `signal` is aborted; what is being asked then is still answered. */
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

  /** One session from its start to its end; returns how long to wait for the next. */
  private async once(
    open: () => Promise<Session>,
    listener: (news: SwitchNews) => void,
    signal: AbortSignal,
  ): Promise<number> {
    try {
      this.session = await open();
    } catch (error) {
      const isAway = isSocketError(error);
      this.reason = isAway ? undefined : explainError(error);
      return isAway ? PROBE_MS : RETRY_MS;
    }
    this.reason = undefined;
    if (signal.aborted) this.session.close();
    else listener('up');
    await this.session.closed;
    this.session = undefined;
    if (!signal.aborted) listener('down');
    return PROBE_MS;
  }
}

const NEWS = {
  precise: 'told of the changes of others',
  'any change': "told of every change, its own too: the switch's flow monitor is that of OpenFlow 1.0",
  none: 'told of no change: the switch has no flow monitor, or its bridge no OpenFlow 1.0',
} as const;

/** Nobody listens there, or not yet; or whoever did is gone. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && AWAY.includes(String(error.code));
}

const AWAY: readonly string[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];
