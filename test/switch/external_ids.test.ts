import test from 'ava';
import { rootOf } from '../../src/switch/connection.js';
import { readSystemIds, requireSystemId } from '../../src/switch/external_ids.js';
import { localDatabase, write } from './local_database.js';

test('external_ids of the Open_vSwitch row are read as they are now', async (t) => {
  const db = await localDatabase(t);
  t.is(readSystemIds(db).size, 0);
  await write(db, (txn) =>
    txn.update('Open_vSwitch', rootOf(db), { external_ids: new Map([['system-id', 'gw1']]) }),
  );
  t.is(requireSystemId(readSystemIds(db), 'system-id', 'NODE'), 'gw1');
});

test('a key that is missing or empty is refused with the command that sets it', (t) => {
  for (const ids of [new Map(), new Map([['ovn-nb', '']])]) {
    t.throws(() => requireSystemId(ids, 'ovn-nb', 'tcp:CENTRAL:6641'), {
      code: 'ERR_NOT_CONFIGURED',
      message: /run ovs-vsctl set Open_vSwitch \. external_ids:ovn-nb=tcp:CENTRAL:6641$/,
    });
  }
});
