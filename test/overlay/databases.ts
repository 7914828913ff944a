import type { ExecutionContext } from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import type { DatabaseOptions } from '../../src/overlay/databases.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { connect } from '../../src/ovsdb/client.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { ovnNorthbound } from '../../src/ovsdb/tables/ovn_northbound.js';
import type { LocalDatabase } from '../../src/switch/connection.js';

export interface TestDatabases {
  readonly options: DatabaseOptions;
  readonly local: LocalDatabase;
  readonly nb: Northbound;
}

/** Starts an ovsdb-server for the local database, whose external_ids name a second one for the northbound. */
export async function bothDatabases(t: ExecutionContext): Promise<TestDatabases> {
  const [localServer, nbServer] = await Promise.all([
    startOvsdbServer(),
    startOvsdbServer({ schema: 'OVN_Northbound' }),
  ]);
  t.teardown(async () => {
    await Promise.all([localServer.dispose(), nbServer.dispose()]);
  });
  const local = await connect(openVswitch, { remotes: localServer.remote });
  const nb = await connect(ovnNorthbound, { remotes: nbServer.remote });
  t.teardown(() => {
    local.close();
    nb.close();
  });
  const txn = local.transaction('test');
  txn.insert('Open_vSwitch', { external_ids: new Map([['ovn-nb', nbServer.remote]]) });
  await txn.commit();
  return { options: { db: localServer.remote, timeoutMs: 5_000 }, local, nb };
}
