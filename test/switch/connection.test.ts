import test from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { connectLocalDatabase, rootOf } from '../../src/switch/connection.js';

test('a database without the Open_vSwitch row is refused with the command that makes it', async (t) => {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  const db = await connectLocalDatabase(server.remote, 5_000);
  t.teardown(() => db.close());
  t.throws(() => rootOf(db), { code: 'ERR_NO_SWITCH', message: /run ovs-vsctl init/ });
});
