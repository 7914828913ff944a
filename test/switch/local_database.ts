import type { ExecutionContext } from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { connect } from '../../src/ovsdb/client.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { insertBridge } from '../../src/switch/bridges.js';
import type { LocalDatabase, LocalTransaction } from '../../src/switch/connection.js';

/** Starts an ovsdb-server with an initialised Open_vSwitch database for one test, and connects to it. */
export async function localDatabase(
  t: ExecutionContext,
  { bridges = [] }: { readonly bridges?: readonly string[] } = {},
): Promise<LocalDatabase> {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  const db = await connect(openVswitch, { remotes: server.remote });
  t.teardown(() => db.close());
  await write(db, (txn) => {
    txn.insert('Open_vSwitch', {});
  });
  for (const bridge of bridges) await write(db, (txn) => insertBridge(db, txn, bridge, {}));
  return db;
}

/** Commits what `build` adds; the client's copy has it afterwards, since ovsdb-server sends updates before the reply. */
export async function write(db: LocalDatabase, build: (txn: LocalTransaction) => unknown): Promise<void> {
  await added(db, build).commit();
}

/** Returns the transaction with what `build` adds, without committing it. */
export function added(db: LocalDatabase, build: (txn: LocalTransaction) => unknown): LocalTransaction {
  const txn = db.transaction('test');
  build(txn);
  return txn;
}

/** Returns the names of a bridge's ports, its LOCAL port among them. */
export function portsOf(db: LocalDatabase, bridge: string): string[] {
  const row = db.find('Bridge', ({ name }) => name === bridge);
  return (row?.ports ?? []).flatMap((uuid) => db.table('Port').get(uuid)?.name ?? []).toSorted();
}
