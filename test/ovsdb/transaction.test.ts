import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { SCHEMAS, startOvsdbServer } from '../../lab/ovsdb_server.js';
import { explainError } from '../../src/net/errors.js';
import { type Client, connect } from '../../src/ovsdb/client.js';
import { ConstraintViolation, ReferentialIntegrityViolation } from '../../src/ovsdb/errors.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { type FakeServer, startFakeServer } from './fake_server.js';

type Db = Client<typeof openVswitch>;

async function open(t: ExecutionContext, remotes: string): Promise<Db> {
  const db = await connect(openVswitch, { remotes });
  t.teardown(() => db.close());
  return db;
}

async function startServer(t: ExecutionContext): Promise<string> {
  const server = await startOvsdbServer();
  t.teardown(() => server.dispose());
  return server.remote;
}

/** Starts a server that answers every transaction with `results`. */
async function startFake(t: ExecutionContext, results: readonly unknown[]): Promise<FakeServer> {
  const schema = JSON.parse(await readFile(SCHEMAS.Open_vSwitch, 'utf8'));
  const fake = await startFakeServer({
    get_schema: () => schema,
    monitor_cond_since: () => [false, 'txn', {}],
    transact: () => results,
  });
  t.teardown(() => fake.dispose());
  return fake;
}

/** A transaction that inserts a bridge with its port and interface into a new root row. */
function addBridge(db: Db, name: string) {
  const txn = db.transaction(`add ${name}`);
  const iface = txn.insert('Interface', { name, type: 'internal' });
  const port = txn.insert('Port', { name, interfaces: [iface] });
  const bridge = txn.insert('Bridge', { name, ports: [port], external_ids: new Map([['key', '"é" \\']]) });
  txn.insert('Open_vSwitch', { bridges: [bridge] });
  return { txn, bridge };
}

test('a transaction prints what it sends, in the form that ovsdb-client takes', async (t) => {
  const remote = await startServer(t);
  const db = await open(t, remote);
  const { txn } = addBridge(db, 'br0');
  const text = String(txn);
  t.is(text.split('\n').length, 6);
  t.true(text.endsWith('{"op":"comment","comment":"add br0"}]'), text);

  const { stdout } = await execa('ovsdb-client', ['transact', remote, text]);
  t.is(JSON.parse(stdout).length, 5);
  const row = await db.until(() => db.find('Bridge', ({ name }) => name === 'br0'), { what: 'br0' });
  t.is(row.external_ids.get('key'), '"é" \\');
});

test('a transaction prints every problem, and throws all of them before it sends anything', async (t) => {
  const db = await open(t, await startServer(t));
  const txn = db.transaction('typos');
  const row: object = { nmae: 'br0', fail_mdoe: 'secure' };
  txn.insert('Bridge', row);
  t.deepEqual(String(txn).split('\n').slice(0, 2), [
    'cannot be sent: Open_vSwitch has no column Bridge.nmae',
    'cannot be sent: Open_vSwitch has no column Bridge.fail_mdoe',
  ]);
  const expected = { code: 'ERR_NO_COLUMN', message: /^typos: .*Bridge\.nmae; .*Bridge\.fail_mdoe$/ };
  t.throws(() => txn.check(), expected);
  await t.throwsAsync(txn.commit(), expected);
});

test('an error names the operation that the server refused', async (t) => {
  const db = await open(t, await startServer(t));
  const { txn, bridge } = addBridge(db, 'br1');
  const uuid = (await txn.commit()).get(bridge);
  if (uuid === undefined) return t.fail('no uuid for the bridge');

  const bad = db.transaction('set fail mode');
  bad.update('Bridge', uuid, { datapath_type: 'netdev' });
  bad.update('Bridge', uuid, { fail_mode: 'nonsense' });
  bad.update('Bridge', uuid, { fail_mode: 'secure' });
  const error = await t.throwsAsync(bad.commit(), { instanceOf: ConstraintViolation });
  t.like(error?.operation, { op: 'update', table: 'Bridge', row: { fail_mode: 'nonsense' } });
  t.is(error?.message, 'set fail mode: constraint violation');
  t.regex(
    explainError(error),
    /^set fail mode: constraint violation: operation 2, \{"op":"update".*\}: .*nonsense/,
  );
});

test('an error of the commit itself names no operation', async (t) => {
  const db = await open(t, await startServer(t));
  const { txn, bridge } = addBridge(db, 'br2');
  const uuid = (await txn.commit()).get(bridge);
  const row = uuid === undefined ? undefined : db.table('Bridge').get(uuid);
  const [port] = row?.ports ?? [];
  if (port === undefined) return t.fail('no port');
  const dangling = db.transaction('delete a port that a bridge has');
  dangling.delete('Port', port);
  const error = await t.throwsAsync(dangling.commit(), { instanceOf: ReferentialIntegrityViolation });
  t.is(error?.operation, undefined);
  t.regex(explainError(error), /: referential integrity violation: at commit: .*Port/);
});

test('the cause has the error of every operation that was refused', async (t) => {
  const fake = await startFake(t, [
    { uuid: ['uuid', 'u'] },
    { error: 'constraint violation', details: 'first' },
    null,
    { error: 'timed out', details: 'second' },
  ]);
  const db = await open(t, fake.remote);
  const { txn } = addBridge(db, 'br3');
  const error = await t.throwsAsync(txn.commit(), { instanceOf: ConstraintViolation });
  const { cause } = error ?? {};
  if (!(cause instanceof AggregateError)) return t.fail('the cause is not an AggregateError');
  const [first, second, ...more] = cause.errors.map(({ message }) => message);
  t.regex(first, /^operation 2, .*"table":"Port".*: first$/);
  t.regex(second, /^operation 4, .*"table":"Open_vSwitch".*: second$/);
  t.deepEqual(more, []);
});

test('an empty transaction sends nothing', async (t) => {
  const fake = await startFake(t, [{}]);
  const db = await open(t, fake.remote);
  const empty = db.transaction('nothing');
  t.true(empty.isEmpty);
  t.is((await empty.commit()).size, 0);

  // The server receives messages in order, so the empty transaction would have come before this one.
  const other = db.transaction('something');
  other.expectNone('Bridge', { name: 'br9' });
  await other.commit();
  const sent = fake.received.filter(({ method }) => method === 'transact');
  t.deepEqual(
    sent.map(({ params }) => params?.at(-1)),
    [{ op: 'comment', comment: 'something' }],
  );
});
