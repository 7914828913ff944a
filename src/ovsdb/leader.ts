import { ProductError } from '../net/errors.js';
import { BadReply } from './errors.js';
import { RpcError, type RpcSession } from './rpc.js';

/** A row of table Database in a server's database `_Server` (ovsdb-server(5), `_Server(5)`). */
interface Member {
  readonly name?: unknown;
  readonly model?: unknown;
  readonly connected?: unknown;
  readonly leader?: unknown;
}

/**
 * Closes the session as soon as the server has lost the cluster of `database` or, if `leaderOnly`, does not lead it.
 *
 * The server of a database that is not clustered, and a server too old to have `_Server`, count as leaders.
 * @returns a function to call with the updates of monitor `id`
 * @throws ProductError `ERR_NOT_LEADER`
 */
export async function watchLeadership(
  rpc: RpcSession,
  database: string,
  id: string,
  leaderOnly: boolean,
): Promise<(updates: unknown) => void> {
  const request = { Database: [{ columns: ['name', 'model', 'connected', 'leader'] }] };
  const rows = new Map<string, Member>();
  try {
    take(rows, await rpc.request('monitor_cond', ['_Server', id, request]));
  } catch (error) {
    if (error instanceof RpcError) return () => undefined;
    throw error;
  }
  const objection = objectionOf(rows, database, leaderOnly);
  if (objection !== undefined) throw objection;
  return (updates) => {
    take(rows, updates);
    const later = objectionOf(rows, database, leaderOnly);
    if (later !== undefined) rpc.close(later);
  };
}

function objectionOf(
  rows: ReadonlyMap<string, Member>,
  database: string,
  leaderOnly: boolean,
): ProductError | undefined {
  const member = [...rows.values()].find(({ name }) => name === database);
  if (member?.model !== 'clustered') return undefined;
  if (member.connected !== true)
    return new ProductError('ERR_NOT_LEADER', `this server has lost the cluster of ${database}`);
  if (leaderOnly && member.leader !== true)
    return new ProductError('ERR_NOT_LEADER', `this server does not lead the cluster of ${database}`);
  return undefined;
}

/** Applies `table-updates2`. All requested columns are scalar, so a diff is the new value. @throws BadReply */
function take(rows: Map<string, Member>, updates: unknown): void {
  if (!isObject(updates)) throw new BadReply('the server sent updates of _Server that are not an object');
  for (const [uuid, update] of Object.entries(isObject(updates.Database) ? updates.Database : {})) {
    if (!isObject(update) || 'delete' in update) rows.delete(uuid);
    else
      rows.set(uuid, {
        ...rows.get(uuid),
        ...rowOf(update.initial),
        ...rowOf(update.insert),
        ...rowOf(update.modify),
      });
  }
}

function rowOf(value: unknown): Member {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
