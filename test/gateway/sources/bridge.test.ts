import test from 'ava';
import { startOvsdbServer } from '../../../lab/ovsdb_server.js';
import { until, when } from '../../../lab/until.js';
import { SILENT } from '../../../src/daemon/log.js';
import { Problems } from '../../../src/daemon/problems.js';
import { BridgeSource, MONITORED_TABLES } from '../../../src/gateway/sources/bridge.js';
import { connect } from '../../../src/ovsdb/client.js';
import { openVswitch } from '../../../src/ovsdb/tables/open_vswitch.js';

test('a bridge is followed from its creation to its end, and the facts stay the same object between changes', async (t) => {
  const server = await startOvsdbServer();
  const db = await connect(openVswitch, { remotes: server.remote, tables: MONITORED_TABLES });
  const stop = new AbortController();
  let rings = 0;
  const count = () => {
    rings++;
  };
  const source = new BridgeSource(db, 'breth0', count, new Problems(SILENT));
  t.is(source.facts, undefined);
  const running = source.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
    db.close();
    await server.dispose();
  });
  const make = db.transaction('a bridge');
  const iface = make.insert('Interface', { name: 'eth0' });
  const port = make.insert('Port', { name: 'eth0', interfaces: [iface] });
  const bridge = make.insert('Bridge', { name: 'breth0', ports: [port] });
  const root = make.insert('Open_vSwitch', { bridges: [bridge] });
  const uuids = await make.commit();
  const before = rings;
  const facts = await until('the bridge', () => source.facts);
  t.deepEqual(
    facts.ports.map(({ name }) => name),
    ['eth0'],
  );
  t.is(source.facts, facts);
  const uuid = uuids.get(root);
  if (uuid === undefined) throw new Error('the row was not inserted');
  const remove = db.transaction('no bridge');
  remove.update('Open_vSwitch', uuid, { bridges: [] });
  await remove.commit();
  await until('the bridge to go', () => when(source.facts === undefined));
  t.true(rings > before, 'each change asks for a step');
});

test('a local database that is away is a problem, which is logged once and ends with its return', async (t) => {
  const server = await startOvsdbServer();
  const db = await connect(openVswitch, { remotes: server.remote, tables: MONITORED_TABLES });
  const logged: string[] = [];
  const problems = new Problems({ ...SILENT, warn: (line) => logged.push(line) });
  const stop = new AbortController();
  const running = new BridgeSource(db, 'breth0', () => {}, problems).run(stop.signal);
  await server.stop('SIGKILL');
  await until('the problem', () => when(problems.current.length === 1));
  t.regex(problems.current[0] ?? '', /^the local Open_vSwitch database does not answer/);
  await server.start();
  await until('its end', () => when(problems.current.length === 0));
  t.is(logged.length, 1);
  stop.abort();
  await running;
  db.close();
  await server.dispose();
});
