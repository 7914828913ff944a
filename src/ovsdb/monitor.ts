import type { Cache, Change } from './cache.js';
import { RpcError, type RpcSession } from './rpc.js';
import type { ServedTables } from './schema.js';

/** The monitor methods, newest first: ovsdb-server(7) for the first two, RFC 7047 section 4.1.5 for the last. */
const KINDS = ['monitor_cond_since', 'monitor_cond', 'monitor'] as const;
export type MonitorKind = (typeof KINDS)[number];

/** A `last-txn-id` that no server knows, so that it sends all rows. */
const NO_TRANSACTION = '00000000-0000-0000-0000-000000000000';

interface MonitorRequest {
  readonly rpc: RpcSession;
  readonly database: string;
  readonly id: string;
  readonly tables: ServedTables;
  readonly since: string | undefined;
  readonly cache: Cache;
}

/**
 * Monitors the tables by the newest method that the server has, and updates the cache.
 * @returns the changes of the cache, and the transaction to resume from in the next session
 */
export async function startMonitor(
  request: MonitorRequest,
): Promise<{ reply: { lastTransaction: string | undefined }; firstChanges: readonly Change[] }> {
  for (const kind of KINDS) {
    try {
      return await follow(kind, request);
    } catch (error) {
      // A server that lacks the method answers "unknown method" (RFC 7047 section 4.1).
      if (!(error instanceof RpcError) || error.error !== 'unknown method' || kind === 'monitor') throw error;
    }
  }
  throw new RpcError('monitor', 'unknown method');
}

async function follow(kind: MonitorKind, { rpc, database, id, tables, since, cache }: MonitorRequest) {
  const requests = Object.fromEntries(
    [...tables].map(([table, { present }]) => {
      const one = { columns: present };
      return [table, kind === 'monitor' ? one : [one]];
    }),
  );
  if (kind !== 'monitor_cond_since') {
    const updates = await rpc.request(kind, [database, id, requests]);
    const firstChanges = cache.replace(tables, (fresh) => {
      if (kind === 'monitor') fresh.applyUpdates(updates);
      else fresh.applyUpdates2(updates);
    });
    return { reply: { lastTransaction: undefined }, firstChanges };
  }
  const result = await rpc.request(kind, [database, id, requests, since ?? NO_TRANSACTION]);
  const [found, last, updates] = Array.isArray(result) ? result : [];
  const firstChanges =
    found === true
      ? cache.applyUpdates2(updates)
      : cache.replace(tables, (fresh) => fresh.applyUpdates2(updates));
  return { reply: { lastTransaction: String(last) }, firstChanges };
}
