import test from 'ava';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { until, when } from '../../lab/until.js';
import { connect } from '../../src/ovsdb/client.js';
import {
  ConstraintViolation,
  DatabaseUnreachable,
  ReferentialIntegrityViolation,
  WaitExpired,
  WaitTimedOut,
} from '../../src/ovsdb/errors.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';

type Db = Awaited<ReturnType<typeof open>>;

async function open(remotes: string) {
  return connect(openVswitch, { remotes, timeoutMs: 5_000 });
}

/** The root row, which ovs-vsctl init would make. */
async function init(db: Db) {
  const txn = db.transaction('init');
  txn.insert('Open_vSwitch', {});
  await txn.commit();
  return db.until(() => [...db.table('Open_vSwitch').keys()][0], { what: 'the root row' });
}

async function addBridge(db: Db, name: string) {
  const root = [...db.table('Open_vSwitch').keys()][0] ?? (await init(db));
  const txn = db.transaction(`add ${name}`);
  const iface = txn.insert('Interface', { name, type: 'internal', external_ids: new Map([['a', '1']]) });
  const port = txn.insert('Port', { name, interfaces: [iface] });
  const bridge = txn.insert('Bridge', { name, ports: [port], fail_mode: 'standalone' });
  txn.mutate('Open_vSwitch', root, { bridges: { insert: [bridge] } });
  const uuids = await txn.commit();
  const uuid = uuids.get(bridge);
  if (uuid === undefined) throw new Error('no uuid for the bridge');
  await db.until(() => db.table('Bridge').get(uuid), { what: `bridge ${name}` });
  return uuid;
}

test('rows that one client inserts reach another client as one batch', async (t) => {
  const server = await startOvsdbServer();
  const [writer, reader] = await Promise.all([open(server.remote), open(server.remote)]);
  let batches = 0;
  reader.onChange((changes) => {
    if (changes.some(({ table }) => table === 'Bridge')) {
      batches++;
      t.true(changes.some(({ table }) => table === 'Interface'));
    }
  });
  const uuid = await addBridge(writer, 'br0');
  const bridge = await reader.until(() => reader.find('Bridge', (row) => row.name === 'br0'), {
    what: 'br0',
  });
  t.is(bridge._uuid, uuid);
  t.is(bridge.fail_mode, 'standalone');
  const port = reader.find('Port', (row) => row._uuid === bridge.ports[0]);
  const iface = reader.find('Interface', (row) => row._uuid === port?.interfaces[0]);
  t.is(iface?.external_ids.get('a'), '1');
  t.is(iface?.mac, undefined);
  t.is(batches, 1);
  writer.close();
  reader.close();
  await server.dispose();
});

test('a condition restricts a table to its rows, as they begin and cease to match', async (t) => {
  const server = await startOvsdbServer();
  const writer = await open(server.remote);
  const ids = ['Interface', 'external_ids'] as const;
  const reader = await connect(openVswitch, {
    remotes: server.remote,
    tables: ['Interface'],
    conditions: {
      Interface: [
        ['name', '==', 'br0'],
        ['external_ids', 'includes', ['map', [['a', '2']]]],
      ],
    },
  });
  const names = () => [...reader.table('Interface').values()].map(({ name }) => name).sort();
  await addBridge(writer, 'br1');
  await addBridge(writer, 'br0');
  await reader.until(() => names().length || undefined, { what: 'br0' });
  t.deepEqual(names(), ['br0']);
  const other = writer.find(ids[0], ({ name }) => name === 'br1');
  for (const [value, expected] of [
    ['2', ['br0', 'br1']],
    ['3', ['br0']],
  ] as const) {
    const txn = writer.transaction('change');
    if (other !== undefined) txn.mutate(ids[0], other._uuid, { [ids[1]]: { set: { a: value } } });
    await txn.commit();
    await reader.until(() => (names().length === expected.length ? true : undefined), { what: value });
    t.deepEqual(names(), expected);
  }
  writer.close();
  reader.close();
  await server.dispose();
});

test('a transaction fails if other rows have a pair than those that it expects', async (t) => {
  const server = await startOvsdbServer();
  const db = await open(server.remote);
  await addBridge(db, 'br0');
  const attempt = (names: readonly string[]) => {
    const txn = db.transaction('change');
    txn.expectHolders('Interface', ['external_ids', 'a', '1'], 'name', names);
    return txn.commit();
  };
  await t.notThrowsAsync(attempt(['br0']));
  await t.throwsAsync(attempt([]), { instanceOf: WaitTimedOut });
  await addBridge(db, 'br1');
  await t.throwsAsync(attempt(['br0']), { instanceOf: WaitTimedOut });
  await t.notThrowsAsync(attempt(['br1', 'br0']));
  db.close();
  await server.dispose();
});

test('a wait ends with the reason of its signal', async (t) => {
  const server = await startOvsdbServer();
  const db = await open(server.remote);
  const stop = new AbortController();
  const waiting = db.until(() => undefined, { what: 'never', timeoutMs: 60_000, signal: stop.signal });
  stop.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
  db.close();
  await server.dispose();
});

test('mutations change maps by key and sets by element, and keep the rest', async (t) => {
  const server = await startOvsdbServer();
  const db = await open(server.remote);
  const uuid = await addBridge(db, 'br0');
  const set = db.transaction('set');
  set.mutate('Bridge', uuid, {
    external_ids: { set: { a: '1', b: '2' } },
    protocols: { insert: ['OpenFlow10', 'OpenFlow14'] },
  });
  await set.commit();
  await db.until(() => db.table('Bridge').get(uuid)?.external_ids.get('b'), { what: 'b' });
  const change = db.transaction('change');
  change.mutate('Bridge', uuid, {
    external_ids: { set: { a: '3' }, delete: ['b'] },
    protocols: { delete: ['OpenFlow10'] },
  });
  await change.commit();
  const row = await db.until(
    () => {
      const found = db.table('Bridge').get(uuid);
      return found?.external_ids.get('a') === '3' ? found : undefined;
    },
    { what: 'a=3' },
  );
  t.deepEqual([...row.external_ids], [['a', '3']]);
  t.deepEqual(row.protocols, ['OpenFlow14']);
  db.close();
  await server.dispose();
});

test('a refused transaction throws an error of its class with the operation', async (t) => {
  const server = await startOvsdbServer();
  const db = await open(server.remote);
  const uuid = await addBridge(db, 'br0');
  const bad = db.transaction('bad fail mode');
  bad.update('Bridge', uuid, { fail_mode: 'nonsense' });
  const violation = await t.throwsAsync(bad.commit(), {
    instanceOf: ConstraintViolation,
    code: 'ERR_CONSTRAINT_VIOLATION',
  });
  t.like(violation?.operation, { op: 'update', table: 'Bridge' });
  t.false(violation?.message.includes('\n'));

  const dangling = db.transaction('delete a port that a bridge has');
  for (const port of db.table('Port').keys()) dangling.delete('Port', port);
  const whole = await t.throwsAsync(dangling.commit(), { instanceOf: ReferentialIntegrityViolation });
  t.is(whole?.operation, undefined);

  const stale = db.transaction('expect another name');
  stale.expect('Bridge', uuid, { name: 'br1' });
  stale.update('Bridge', uuid, { fail_mode: 'secure' });
  await t.throwsAsync(stale.commit(), { instanceOf: WaitTimedOut });
  t.is(db.table('Bridge').get(uuid)?.fail_mode, 'standalone');

  const taken = db.transaction('expect no br0');
  taken.expectNone('Bridge', { name: 'br0' });
  await t.throwsAsync(taken.commit(), { instanceOf: WaitTimedOut });
  await t.throwsAsync(
    db.until(() => undefined, { timeoutMs: 10, what: 'Godot' }),
    { instanceOf: WaitExpired, message: /Godot/ },
  );
  db.close();
  await server.dispose();
});

test('a client reconnects to a restarted server, and gets the changes made meanwhile', async (t) => {
  const server = await startOvsdbServer();
  const db = await open(server.remote);
  await addBridge(db, 'br0');
  const states: string[] = [];
  db.onState((state) => states.push(state));
  await server.stop('SIGKILL');
  await t.throwsAsync(
    async () => {
      while (db.isConnected) await new Promise((resolve) => db.onState(resolve));
      const txn = db.transaction('while away');
      txn.insert('Open_vSwitch', {});
      await txn.commit();
    },
    { instanceOf: DatabaseUnreachable },
  );
  await server.start();
  const other = await open(server.remote);
  const uuid = await addBridge(other, 'br1');
  await db.until(() => db.table('Bridge').get(uuid), { what: 'br1', timeoutMs: 10_000 });
  t.deepEqual(states.slice(0, 2), ['disconnected', 'connected']);
  t.is(db.table('Bridge').size, 2);
  db.close();
  other.close();
  await server.dispose();
});

test('a client has a local server again within half a second, however long the server was away', async (t) => {
  const server = await startOvsdbServer();
  const db = await open(server.remote);
  await server.stop('SIGKILL');
  const end = performance.now() + 5_000;
  await until('five seconds', () => when(performance.now() > end), 6_000);
  const back = new Promise<number>((resolve) => db.onState(() => resolve(performance.now())));
  await server.start();
  const began = performance.now();
  const took = (await back) - began;
  t.true(took < 500, `${took} ms`);
  db.close();
  await server.dispose();
});

test('the error of an address where nothing answers names the address', async (t) => {
  await t.throwsAsync(connect(openVswitch, { remotes: 'unix:/nonexistent/db.sock', timeoutMs: 300 }), {
    instanceOf: DatabaseUnreachable,
    message: /unix:\/nonexistent\/db.sock/,
  });
});
