import { ProductError } from '../net/errors.js';
import type { Cache, Change } from './cache.js';
import type { Database } from './columns.js';
import { BadReply, SchemaMismatch } from './errors.js';
import { watchLeadership } from './leader.js';
import { type Conditions, MONITOR_KINDS, type MonitorKind, startMonitor } from './monitor.js';
import type { Remote } from './remotes.js';
import { RpcError, RpcSession } from './rpc.js';
import { checkSchema, parseSchema, presumedTables, type ServedTables, type WireSchema } from './schema.js';
import { openStream, type TlsFiles } from './stream.js';

export interface SessionOptions {
  readonly remote: Remote;
  readonly database: Database;
  readonly tables: readonly string[];
  readonly conditions: Conditions;
  readonly leaderOnly: boolean;
  /** Whether to ask for the schema only if the server refuses the monitor. */
  readonly presumeSchema: boolean;
  readonly tls: TlsFiles | undefined;
  readonly probeMs: number;
  /** The last transaction that an earlier session received, to resume from. */
  readonly since: string | undefined;
  readonly cache: Cache;
  readonly changed: (changes: readonly Change[]) => void;
  /** Ends the attempt to open the session. It does not close an open session. */
  readonly signal: AbortSignal;
}

/** An open session whose tables are in the cache. */
export interface Session {
  readonly firstChanges: readonly Change[];
  readonly lastTransaction: string | undefined;
  readonly closed: Promise<Error>;
  transact(database: string, operations: readonly unknown[]): Promise<unknown>;
  close(): void;
}

/** The notifications with changes, and the monitor method that decides their format. */
const UPDATES: ReadonlyMap<string, MonitorKind> = new Map([
  ['update', 'monitor'],
  ['update2', 'monitor_cond'],
  ['update3', 'monitor_cond_since'],
]);

/** The most updates that come before the session is open. */
const MAX_EARLY = 1_000;
const MONITOR_ID = 'tables';
const SERVER_MONITOR_ID = 'server';

/**
 * Opens one session: connects, refuses a server that has lost its cluster, or a follower if
 * `leaderOnly`, compares the schema with the
 * descriptor, and fills the cache.
 * @throws ProductError for the first failure; the connection is then closed
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { cache, changed, database, signal } = options;
  let lastTransaction = options.since;
  // An update can come in the same chunk as the reply to the monitor request, before that reply has filled the cache.
  let early: (() => void)[] | undefined = [];
  let leadership: ((updates: unknown) => void) | undefined;

  const notified = (method: string, params: readonly unknown[]) => {
    const kind = UPDATES.get(method);
    const [id, ...rest] = params;
    if (kind === undefined) return;
    if (id === SERVER_MONITOR_ID) return leadership?.(rest.at(-1));
    const update = () => {
      // A batch that cannot be read may be applied in part, so the next session must not resume behind it.
      lastTransaction = undefined;
      const changes = kind === 'monitor' ? cache.applyUpdates(rest.at(-1)) : cache.applyUpdates2(rest.at(-1));
      if (kind === 'monitor_cond_since' && typeof rest[0] === 'string') lastTransaction = rest[0];
      changed(changes);
    };
    if (early === undefined) update();
    else if (MONITOR_KINDS.some((method) => rpc.awaits(method)))
      throw new BadReply('the server sent an update before the reply to the monitor request');
    else if (early.length === MAX_EARLY) throw new BadReply('the server sends updates and does not answer');
    else early.push(update);
  };

  const socket = await openStream(options.remote, options.tls, signal);
  const rpc = new RpcSession({ socket, notified, probeMs: options.probeMs });
  const abort = () =>
    rpc.close(new ProductError('ERR_CONNECT_TIMEOUT', `${options.remote.text} did not answer in time`));
  signal.addEventListener('abort', abort, { once: true });
  try {
    // The first requests go at once if the schema is presumed. The answer about the cluster comes first, and decides.
    const watching = watchLeadership(rpc, database.name, SERVER_MONITOR_ID, options.leaderOnly);
    const follow = () => followTables(rpc, options);
    const following = options.presumeSchema ? follow() : watching.then(follow);
    following.catch(() => undefined);
    leadership = await watching;
    const { reply, firstChanges } = await (await following)();
    lastTransaction = reply.lastTransaction;
    for (const update of early) update();
    early = undefined;
    signal.removeEventListener('abort', abort);
    return {
      firstChanges,
      get lastTransaction() {
        return lastTransaction;
      },
      closed: rpc.closed,
      transact: (name, operations) => rpc.request('transact', [name, ...operations]),
      close: () => rpc.close(),
    };
  } catch (error) {
    rpc.close();
    throw error;
  }
}

/**
 * Compares the schema with the descriptor, and returns the function that starts the monitor. With `presumeSchema` the
 * first monitor starts at once, and the schema is asked for only if the server refuses that monitor.
 */
async function followTables(
  rpc: RpcSession,
  { database, tables: names, conditions, since, cache, presumeSchema }: SessionOptions,
): Promise<() => ReturnType<typeof startMonitor>> {
  const monitor = (tables: ServedTables) =>
    startMonitor({ rpc, database: database.name, id: MONITOR_ID, tables, conditions, since, cache });
  const check = async () => checkSchema(database, await fetchSchema(rpc, database.name), names);
  // A copy to resume must not change before the server is known to be fit.
  if (!presumeSchema || since !== undefined) {
    const tables = await check();
    return () => monitor(tables);
  }
  try {
    const started = await monitor(presumedTables(database, names));
    return async () => started;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const tables = await check();
    return () => monitor(tables);
  }
}

async function fetchSchema(rpc: RpcSession, database: string): Promise<WireSchema> {
  try {
    return parseSchema(await rpc.request('get_schema', [database]));
  } catch (error) {
    if (error instanceof RpcError)
      throw new SchemaMismatch(database, `the server does not have it (${error.message})`);
    throw error;
  }
}
