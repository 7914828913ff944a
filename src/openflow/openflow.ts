import { explainError, ProductError } from '../net/errors.js';
import type { Bundle } from './bundle.js';
import type { FlowChannel, FragmentMode, SwitchNews, SwitchSettings } from './channel.js';
import type { Connection } from './connection.js';
import { OUR_COOKIES } from './cookie.js';
import { BundleRefused, BundleUnknown, SwitchUnreachable } from './errors.js';
import type { InstalledFlow } from './flow.js';
import { KeptSession } from './kept_session.js';
import type { Ofport } from './ofport.js';
import { requestParts } from './requests.js';
import { openOldConnection, openSession, type Session } from './session.js';
import { readSettings, setFragments, setNoFlood } from './settings.js';
import { readFlowStats, writeFlowStatsRequest } from './wire/flow_stats.js';
import type { KnownTerms } from './wire/match.js';
import type { WireWriter } from './wire/writer.js';

export interface OpenflowOptions {
  readonly bridge: string;
  /** The directory of ovs-vswitchd's sockets. The bridge's socket is `RUNDIR/BRIDGE.mgmt`. */
  readonly rundir: string;
  /** How long one answer may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long the switch may be silent before it is sent an echo request, in milliseconds. */
  readonly probeMs?: number;
}

/**
 * Makes the channel that speaks OpenFlow 1.4 itself. While the channel watches, it keeps one session open; otherwise it
 * opens one for each call. It reports other programs' changes, as far as the switch distinguishes them from ours.
 */
export function openflowChannel({
  bridge,
  rundir,
  timeoutMs = 10_000,
  probeMs = 5_000,
}: OpenflowOptions): FlowChannel {
  const options = { bridge, path: `${rundir}/${bridge}.mgmt`, timeoutMs, probeMs };
  const kept = new KeptSession(bridge);
  const silent = { ...options, changed: () => {} };

  const withSession = async <T>(use: (session: Session) => Promise<T>): Promise<T> =>
    explained(bridge, async () => {
      if (kept.isWatched) return kept.use(use);
      const session = await openSession(silent);
      return use(session).finally(() => session.close());
    });

  const withOldConnection = <T>(use: (connection: Connection) => Promise<T>): Promise<T> =>
    explained(bridge, async () => {
      const connection = await openOldConnection(silent);
      return use(connection).finally(() => connection.close());
    });

  let lastBundle: Promise<void> = Promise.resolve();

  const eachFlow = (visit: (flow: InstalledFlow) => void, range = OUR_COOKIES): Promise<void> =>
    withSession(async ({ connection }) => {
      const known: KnownTerms = new Map();
      const write = (out: WireWriter, xid: number) => writeFlowStatsRequest(out, xid, range);
      await requestParts(connection, write, ({ body }) => {
        for (const flow of readFlowStats(body, known)) visit(flow);
      });
    });

  return {
    eachFlow,

    readSettings(): Promise<SwitchSettings> {
      return withOldConnection(readSettings);
    },

    apply(bundle: Bundle): Promise<void> {
      // One bundle at a time: after a failed bundle the next one is based on an unknown state.
      const send = () => withSession(({ bundles }) => bundles.send(bundle));
      const sent = lastBundle.then(send);
      lastBundle = sent.catch(() => {});
      return sent;
    },

    async setFragments(mode: FragmentMode): Promise<void> {
      await withOldConnection((connection) => setFragments(connection, mode));
    },

    async setNoFlood(port: Ofport, noFlood: boolean): Promise<void> {
      const found = await withOldConnection((connection) => setNoFlood(connection, port, noFlood));
      if (!found) throw new SwitchUnreachable(bridge, `there is no port ${port}`);
    },

    watch(listener: (news: SwitchNews) => void, signal: AbortSignal): void {
      // News during the opening of a session is dropped: `up` follows, and makes the listener look.
      const changed = () => {
        if (kept.isUp) listener('changed');
      };
      void kept.keep(() => openSession({ ...options, changed }), listener, signal);
    },

    describe: () => kept.describe(),
    reason: () => kept.reason,
  };
}

/** Turns every error that does not say more into SwitchUnreachable. */
async function explained<T>(bridge: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (
      error instanceof SwitchUnreachable ||
      error instanceof BundleRefused ||
      error instanceof BundleUnknown
    ) {
      throw error;
    }
    const isOurs = error instanceof ProductError;
    throw new SwitchUnreachable(bridge, isOurs ? error.message : explainError(error), {
      // The message has that of our own error already.
      cause: isOurs ? error.cause : error,
    });
  }
}
