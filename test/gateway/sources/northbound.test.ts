import test from 'ava';
import { type OvsdbServer, startOvsdbServer } from '../../../lab/ovsdb_server.js';
import { until, when } from '../../../lab/until.js';
import { SILENT } from '../../../src/daemon/log.js';
import { Problems } from '../../../src/daemon/problems.js';
import { NorthboundSource } from '../../../src/gateway/sources/northbound.js';
import { connect } from '../../../src/ovsdb/client.js';
import { ovnNorthbound } from '../../../src/ovsdb/tables/ovn_northbound.js';
import { GATEWAY } from '../../demux/sample.js';
import { FakeSettings } from '../../switch/fake_settings.js';

const NODE = 'gw';

let server: OvsdbServer;
test.before(async () => {
  server = await startOvsdbServer({ schema: 'OVN_Northbound' });
});
test.after.always(() => server?.dispose());

function begin(remotes?: string) {
  const stop = new AbortController();
  const settings = new FakeSettings(remotes === undefined ? {} : { 'ovn-nb': remotes });
  const problems = new Problems(SILENT);
  let rings = 0;
  const source = new NorthboundSource({
    settings,
    sysconf: '/nonexistent',
    problems,
    changed: () => {
      rings++;
    },
  });
  const running = source.run(stop.signal);
  const end = () => {
    stop.abort();
    return running;
  };
  return { source, settings, problems, rings: () => rings, end };
}

test('the helper reports remotes that it cannot parse as a problem, and continues', async (t) => {
  const { source, problems, rings, end } = begin('203.0.113.10:6641');
  const before = rings();
  await until('the problem', () => when(problems.current.length > 0));
  t.is(problems.current.length, 1);
  t.regex(problems.current[0] ?? '', /203\.0\.113\.10:6641/);
  t.true(rings() > before, 'the loop was asked for a step');
  t.is(source.isFirstGateway(NODE), undefined, 'nothing is known of the gateways');
  source.check(NODE, GATEWAY);
  t.is(problems.current.length, 1, 'rows that were never read are not reported');
  await end();
});

test('remotes that are corrected are connected to, and the problem is over', async (t) => {
  const { source, settings, problems, end } = begin('203.0.113.10:6641');
  await until('the problem', () => when(problems.current.length > 0));
  settings.set({ 'ovn-nb': server.remote });
  await until('the tables', () => when(source.isFirstGateway(NODE) === false));
  t.deepEqual(problems.current, []);
  source.check(NODE, GATEWAY);
  t.deepEqual(problems.current, ['OVN has no gateway router GR_gw; run gateway-init']);
  settings.set({});
  await until('it to leave the database', () => when(source.isFirstGateway(NODE) === true));
  source.check(NODE, GATEWAY);
  t.deepEqual(problems.current, []);
  await end();
});

test('a host without a northbound database, or without a node name, is the first gateway', async (t) => {
  const alone = begin();
  t.true(alone.source.isFirstGateway(NODE));
  await alone.end();
  const nameless = begin(server.remote);
  t.true(nameless.source.isFirstGateway(undefined));
  await nameless.end();
});

test('the first gateway is the one whose router says so, and follows a change of the row', async (t) => {
  const nb = await connect(ovnNorthbound, { remotes: server.remote });
  t.teardown(() => nb.close());
  const { source, end } = begin(server.remote);
  const add = nb.transaction('add a gateway router');
  const row = add.insert('Logical_Router', {
    name: 'GR_first',
    external_ids: new Map([['first_gateway', 'yes']]),
  });
  const uuid = (await add.commit()).get(row);
  await until('the router', () => when(source.isFirstGateway('first') === true));
  t.is(source.isFirstGateway('other'), false);
  if (uuid === undefined) throw new Error('the row was not inserted');
  const remove = nb.transaction('delete the gateway router');
  remove.delete('Logical_Router', uuid);
  await remove.commit();
  await until('the router to go', () => when(source.isFirstGateway('first') === false));
  await end();
});

test('the addresses of rows are claimed, the same list until one changes, and unknown before the tables are read', async (t) => {
  const nb = await connect(ovnNorthbound, { remotes: server.remote });
  t.teardown(() => nb.close());
  const { source, settings, end } = begin('203.0.113.10:6641');
  t.is(source.claims, undefined);
  settings.set({ 'ovn-nb': server.remote });
  const before = await until('the tables', () => source.claims);
  t.is(source.claims, before);
  const claimed = (text: string) => source.claims?.some(({ network }) => network.address === text) === true;
  const add = async (name: string, physical?: string) => {
    const txn = nb.transaction('add a router');
    txn.insert('Logical_Router', {
      name,
      external_ids: new Map(physical ? [['physical_ip', physical]] : []),
    });
    await txn.commit();
  };
  await add('GR_claimed', '203.0.113.77');
  await until('the claim', () => when(claimed('203.0.113.77')));
  const after = source.claims;
  t.not(after, before);
  await add('operator');
  await until('the router', () =>
    when(nb.find('Logical_Router', ({ name }) => name === 'operator') !== undefined),
  );
  t.is(source.claims, after);
  settings.set({});
  t.deepEqual(source.claims, [], 'without a northbound database there are no rows');
  await end();
});
