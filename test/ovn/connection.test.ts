import test from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { connectNorthbound } from '../../src/ovn/connection.js';

test('external_ids choose the northbound', async (t) => {
  const server = await startOvsdbServer({ schema: 'OVN_Northbound' });
  t.teardown(() => server.dispose());
  const nb = await connectNorthbound(new Map([['ovn-nb', server.remote]]), 5_000);
  t.teardown(() => nb.close());
  t.is(nb.table('Logical_Router').size, 0);
});

test('a key that is missing or malformed is refused, naming it', async (t) => {
  await t.throwsAsync(connectNorthbound(new Map(), 1_000), {
    code: 'ERR_NOT_CONFIGURED',
    message: /external_ids:ovn-nb is not set/,
  });
  await t.throwsAsync(connectNorthbound(new Map([['ovn-nb', 'central']]), 1_000), {
    code: 'ERR_BAD_SETTING',
    message: /^external_ids:ovn-nb of the local switch: "central" is not a database/,
  });
});
