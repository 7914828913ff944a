import type { Cache, Change } from './cache.js';
import { BadReply } from './errors.js';
import { RpcError, type RpcSession } from './rpc.js';
import type { ServedTables } from './schema.js';
import type { Wire } from './values.js';

/** The monitor methods, newest first: ovsdb-server(7) for the first two, RFC 7047 section 4.1.5 for the last. */
export const MONITOR_KINDS = ['monitor_cond_since', 'monitor_cond', 'monitor'] as const;
export type MonitorKind = (typeof MONITOR_KINDS)[number];

/** A `last-txn-id` that no server knows, so that it sends all rows. */
const NO_TRANSACTION = '00000000-0000-0000-0000-000000000000';

/**
 * The rows to monitor of each table that is named: those for which any of its clauses is true (ovsdb-server(7), "Monitor
 * Cond"). Of the other tables, all rows.
 */
export type Conditions = Readonly<Record<string, readonly Clause[] | undefined>>;
export type Clause = readonly [column: string, operator: '==' | 'includes', value: Wire];

interface MonitorRequest {
  readonly rpc: RpcSession;
  readonly database: string;
  readonly id: string;
  readonly tables: ServedTables;
  readonly conditions: Conditions;
  readonly since: string | undefined;
  readonly cache: Cache;
}

/**
 * Monitors the tables by the newest method that the server has, and updates the cache. RFC 7047 has no conditions, so a
 * server that knows no other method is refused where there are some.
 * @returns the changes of the cache, and the transaction to resume from in the next session
 */
export async function startMonitor(
  request: MonitorRequest,
): Promise<{ reply: { lastTransaction: string | undefined }; firstChanges: readonly Change[] }> {
  const isConditional = Object.keys(request.conditions).length > 0;
  const oldest: MonitorKind = isConditional ? 'monitor_cond' : 'monitor';
  for (const kind of MONITOR_KINDS) {
    try {
      return await follow(kind, request);
    } catch (error) {
      // A server that lacks the method answers "unknown method" (RFC 7047 section 4.1).
      if (!(error instanceof RpcError) || error.error !== 'unknown method' || kind === oldest) throw error;
    }
  }
  throw new RpcError('monitor', 'unknown method');
}

async function follow(
  kind: MonitorKind,
  { rpc, database, id, tables, conditions, since, cache }: MonitorRequest,
) {
  const requests = Object.fromEntries(
    [...tables].map(([table, { present }]) => {
      const where = conditions[table];
      const one = { columns: present };
      return [table, kind === 'monitor' ? one : [where === undefined ? one : { ...one, where }]];
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
  if (!Array.isArray(result)) throw new BadReply('the reply to monitor_cond_since is not a list');
  const [found, last, updates] = result;
  const firstChanges =
    found === true
      ? cache.resume(tables, updates)
      : cache.replace(tables, (fresh) => fresh.applyUpdates2(updates));
  return { reply: { lastTransaction: typeof last === 'string' ? last : undefined }, firstChanges };
}
