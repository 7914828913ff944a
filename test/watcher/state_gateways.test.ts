import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { servedKey } from '../../src/ovn/keys.js';
import { GatewayBook } from '../../src/watcher/state_gateways.js';
import { addGateway } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

test('a reading says whether a gateway differs, and which addresses began or ceased to be served', async (t) => {
  const nb = new FakeNorthbound();
  const router = addGateway(nb, 'gw1', 1, true);
  const book = new GatewayBook();
  const read = () => book.read(nb, new Problems(SILENT));
  const serve = async (set: readonly string[], gone: readonly string[] = []) => {
    const txn = nb.transaction('the helper');
    const pairs = { 'k8s-served': 'yes', ...Object.fromEntries(set.map((ip) => [servedKey(ip), 'yes'])) };
    txn.mutate('Logical_Router', router, { external_ids: { set: pairs, delete: gone.map(servedKey) } });
    await txn.commit();
  };
  t.deepEqual(read(), { isOther: true, moved: [] });
  t.is(book.gateways[0]?.served, undefined);
  const { claims } = book;
  t.deepEqual(read(), { isOther: false, moved: [] });
  t.is(book.claims, claims);
  await serve(['203.0.113.80', '203.0.113.81']);
  t.true(read().isOther, 'a helper began to say what it serves');
  await serve(['203.0.113.82'], ['203.0.113.80']);
  t.deepEqual(read(), { isOther: false, moved: ['203.0.113.80', '203.0.113.82'] });
  t.deepEqual([...(book.gateways[0]?.served ?? [])].toSorted(), ['203.0.113.81', '203.0.113.82']);
  addGateway(nb, 'gw2', 2, false);
  t.true(read().isOther);
  const txn = nb.transaction('gateway-init of an earlier version');
  txn.mutate('Logical_Router', router, { options: { set: { lb_force_snat_ip: '100.64.1.1' } } });
  await txn.commit();
  t.true(read().isOther);
  t.deepEqual(
    book.gateways.map(({ forcesSnat }) => forcesSnat),
    [true, false],
  );
});
