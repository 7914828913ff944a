import test from 'ava';
import { until, when } from '../../lab/until.js';
import { commitNorthbound, withDatabases } from '../../src/overlay/databases.js';
import { rootOf } from '../../src/switch/connection.js';
import { namesOf } from './cluster.js';
import { bothDatabases } from './databases.js';

test('both databases are found by the local one, and closed after use', async (t) => {
  const { options } = await bothDatabases(t);
  const used = await withDatabases(options, async (databases) => databases);
  t.true(used.systemIds.has('ovn-nb'));
  for (const client of [used.nb, used.local])
    t.true(await until('the connection to end', async () => when(!client.isConnected)));
});

test('a northbound that is not configured is refused with the command that sets it', async (t) => {
  const { options, local } = await bothDatabases(t);
  const txn = local.transaction('test');
  txn.mutate('Open_vSwitch', rootOf(local), { external_ids: { delete: ['ovn-nb'] } });
  await txn.commit();
  await t.throwsAsync(
    withDatabases(options, async () => undefined),
    { code: 'ERR_NOT_CONFIGURED', message: /external_ids:ovn-nb=tcp:CENTRAL:6641/ },
  );
});

test('a transaction that another client has overtaken is computed again', async (t) => {
  const { options, nb } = await bothDatabases(t);
  const txn = nb.transaction('test');
  txn.insert('Logical_Router', { name: 'theirs' });
  await txn.commit();
  let tries = 0;
  await withDatabases(options, (databases) =>
    commitNorthbound(databases, 'test', (own) => {
      tries += 1;
      // The first try is computed as if the other client's row were not there yet.
      if (tries === 1) own.expectNone('Logical_Router', { name: 'theirs' });
      own.insert('Logical_Router', { name: 'ours' });
    }),
  );
  t.is(tries, 2);
  const isHere = () => nb.find('Logical_Router', ({ name }) => name === 'ours');
  await nb.until(isHere, { what: 'the router' });
  t.deepEqual(namesOf(nb, 'Logical_Router'), ['ours', 'theirs']);
});

test('an error that another try cannot mend is thrown at once', async (t) => {
  const { options } = await bothDatabases(t);
  let tries = 0;
  await withDatabases(options, async (databases) => {
    await t.throwsAsync(
      commitNorthbound(databases, 'test', (txn) => {
        tries += 1;
        txn.insert('Load_Balancer', { name: 'x', protocol: 'nonsense' });
      }),
      { code: 'ERR_CONSTRAINT_VIOLATION' },
    );
  });
  t.is(tries, 1);
});
