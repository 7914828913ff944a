import test from 'ava';
import { createBridge } from '../../src/switch/bridges.js';
import { rootOf } from '../../src/switch/connection.js';
import { awaitPortDevice } from '../../src/switch/opened_port.js';
import { findInterface } from '../../src/switch/ports.js';
import { localDatabase, write } from './local_database.js';

const SETTINGS = { failMode: 'standalone', hwaddr: '02:00:00:00:00:01', bridgeId: 'brnone9', mtu: 1500 };

test("a bridge whose own port ovs-vswitchd cannot open fails at once, with ovs-vswitchd's error", async (t) => {
  const db = await localDatabase(t);
  const error = 'could not add network device brnone9 to ofproto (No such file or directory)';
  const fail = async () => {
    const row = await db.until(() => findInterface(db, 'brnone9'), { what: 'brnone9' });
    await write(db, (txn) => {
      txn.update('Interface', row._uuid, { ofport: -1, error });
      txn.increment('Open_vSwitch', rootOf(db), 'cur_cfg');
    });
  };
  const failed = fail();
  const began = performance.now();
  await t.throwsAsync(createBridge(db, 'brnone9', SETTINGS, 'netdev', 10_000), {
    code: 'ERR_NO_PORT',
    message: `ovs-vswitchd cannot open brnone9: ${error}`,
  });
  await failed;
  t.true(performance.now() - began < 9_000);
});

test('a device that does not come is an error that says how ovs-vswitchd is', async (t) => {
  const db = await localDatabase(t);
  await t.throwsAsync(awaitPortDevice(db, 'none9', 20), {
    code: 'ERR_NO_DEVICE',
    message: /^device none9 did not appear within 20 ms: ovs-vswitchd .+/,
  });
});
