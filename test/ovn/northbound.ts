import type { ExecutionContext } from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import type { Northbound, NorthboundTransaction } from '../../src/ovn/connection.js';
import { reconcileRows, type Wanted } from '../../src/ovn/rows.js';
import { connect } from '../../src/ovsdb/client.js';
import { ovnNorthbound } from '../../src/ovsdb/tables/ovn_northbound.js';

/** Starts an ovsdb-server with an empty northbound database for one test, and connects to it. */
export async function emptyNorthbound(t: ExecutionContext): Promise<Northbound> {
  const server = await startOvsdbServer({ schema: 'OVN_Northbound' });
  t.teardown(() => server.dispose());
  const nb = await connect(ovnNorthbound, { remotes: server.remote });
  t.teardown(() => nb.close());
  return nb;
}

/** Commits what `build` adds; the client's copy has it afterwards, since ovsdb-server sends updates before the reply. */
export async function write(nb: Northbound, build: (txn: NorthboundTransaction) => void): Promise<void> {
  const txn = nb.transaction('test');
  build(txn);
  await txn.commit();
}

/** Returns the transaction that makes the rows desired, without committing it. */
export function reconciliation(nb: Northbound, roots: readonly Wanted[]): NorthboundTransaction {
  const txn = nb.transaction('test');
  reconcileRows(nb, txn, roots);
  return txn;
}

/** Makes the rows desired. */
export async function reconcile(nb: Northbound, roots: readonly Wanted[]): Promise<void> {
  await reconciliation(nb, roots).commit();
}
