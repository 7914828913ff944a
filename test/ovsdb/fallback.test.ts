import { readFile } from 'node:fs/promises';
import test from 'ava';
import { SCHEMAS } from '../../lab/ovsdb_server.js';
import { until, when } from '../../lab/until.js';
import { explainError } from '../../src/net/errors.js';
import { connect } from '../../src/ovsdb/client.js';
import { DatabaseUnreachable, NotLeader, OutcomeUnknown } from '../../src/ovsdb/errors.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { type Answers, type FakeServer, type Message, startFakeServer } from './fake_server.js';

const schema: RawSchema = JSON.parse(await readFile(SCHEMAS.Open_vSwitch, 'utf8'));
/** The parts of a schema that the tests change. */
interface RawSchema {
  readonly tables: Readonly<Record<string, { readonly columns: Readonly<Record<string, unknown>> }>>;
}

const ROW = 'c0ffee00-0000-4000-8000-000000000001';
const row = { name: 'br0', external_ids: ['map', [['a', '1']]] };

const methodsOf = (server: FakeServer) => server.received.map(({ method }) => method);

/** Sends `message` to every client. */
function tell(server: FakeServer, message: Message): void {
  for (const socket of server.sockets) socket.write(JSON.stringify({ id: null, ...message }));
}

async function open(answers: Answers, options: { probeMs?: number } = {}) {
  const server = await startFakeServer({ get_schema: () => schema, ...answers });
  const db = await connect(openVswitch, {
    remotes: server.remote,
    tables: ['Bridge'],
    timeoutMs: 2_000,
    ...options,
  });
  const dispose = async () => {
    db.close();
    await server.dispose();
  };
  return { server, db, dispose };
}

test('a server without monitor_cond_since is monitored by monitor_cond', async (t) => {
  const { server, db, dispose } = await open({
    monitor_cond: ([name]) => (name === '_Server' ? {} : { Bridge: { [ROW]: { initial: row } } }),
  });
  t.deepEqual(methodsOf(server), ['monitor_cond', 'get_schema', 'monitor_cond_since', 'monitor_cond']);
  t.is(db.find('Bridge', ({ name }) => name === 'br0')?.external_ids.get('a'), '1');
  const diff = {
    name: 'br1',
    external_ids: [
      'map',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
  };
  tell(server, { method: 'update2', params: ['tables', { Bridge: { [ROW]: { modify: diff } } }] });
  const changed = await db.until(() => db.find('Bridge', ({ name }) => name === 'br1'), { what: 'br1' });
  t.deepEqual([...changed.external_ids], [['b', '2']]);
  tell(server, { method: 'update2', params: ['tables', { Bridge: { [ROW]: { delete: null } } }] });
  await db.until(() => when(db.table('Bridge').size === 0), { what: 'no bridge' });
  await dispose();
});

test('a presumed schema is asked for only if the server refuses the monitor, and then explains why', async (t) => {
  const fit = await startFakeServer({ monitor_cond_since: () => [false, 'txn-1', { Bridge: {} }] });
  const options = { tables: ['Bridge'], timeoutMs: 2_000, presumeSchema: true } as const;
  const db = await connect(openVswitch, { ...options, remotes: fit.remote });
  t.deepEqual(methodsOf(fit), ['monitor_cond', 'monitor_cond_since']);
  db.close();
  await fit.dispose();

  const { Bridge } = schema.tables;
  const { fail_mode: _gone, ...columns } = Bridge?.columns ?? {};
  const old = await startFakeServer({
    get_schema: () => ({ ...schema, tables: { Bridge: { columns } } }),
    monitor_cond_since: () => {
      throw { error: 'syntax error', details: 'no column fail_mode' };
    },
  });
  await t.throwsAsync(connect(openVswitch, { ...options, remotes: old.remote }), {
    message: /the server's table Bridge has no column fail_mode/,
  });
  await old.dispose();
});

test('a presumed column that an older server may lack is left out at the second try', async (t) => {
  const { Interface } = schema.tables;
  const { error: _gone, ...columns } = Interface?.columns ?? {};
  const monitored: unknown[] = [];
  const server = await startFakeServer({
    get_schema: () => ({ ...schema, tables: { Interface: { columns } } }),
    monitor_cond_since: ([, , request]) => {
      monitored.push(request);
      if (monitored.length === 1) throw { error: 'syntax error', details: 'no column error' };
      return [false, 'txn-1', { Interface: {} }];
    },
  });
  const options = { tables: ['Interface'], timeoutMs: 2_000, presumeSchema: true } as const;
  const db = await connect(openVswitch, { ...options, remotes: server.remote });
  t.regex(JSON.stringify(monitored[0]), /"error"/);
  t.notRegex(JSON.stringify(monitored[1]), /"error"/);
  db.close();
  await server.dispose();
});

test('a server that only knows RFC 7047 is monitored by monitor', async (t) => {
  const { server, db, dispose } = await open({ monitor: () => ({ Bridge: { [ROW]: { new: row } } }) });
  t.deepEqual(methodsOf(server), [
    'monitor_cond',
    'get_schema',
    'monitor_cond_since',
    'monitor_cond',
    'monitor',
  ]);
  t.is(db.find('Bridge', ({ name }) => name === 'br0')?.external_ids.get('a'), '1');
  const update = { old: { name: 'br0' }, new: { ...row, name: 'br1' } };
  tell(server, { method: 'update', params: ['tables', { Bridge: { [ROW]: update } }] });
  await db.until(() => db.find('Bridge', ({ name }) => name === 'br1'), { what: 'br1' });
  tell(server, { method: 'update', params: ['tables', { Bridge: { [ROW]: { old: row } } }] });
  await db.until(() => when(db.table('Bridge').size === 0), { what: 'no bridge' });
  await dispose();
});

test('a server that only knows RFC 7047 is refused where a table has a condition', async (t) => {
  const server = await startFakeServer({ get_schema: () => schema, monitor: () => ({}) });
  const attempt = connect(openVswitch, {
    remotes: server.remote,
    tables: ['Bridge'],
    conditions: { Bridge: [['name', '==', 'br0']] },
    timeoutMs: 300,
  });
  await t.throwsAsync(attempt, { instanceOf: DatabaseUnreachable, message: /monitor_cond: unknown method/ });
  t.false(methodsOf(server).includes('monitor'));
  await server.dispose();
});

test('a remote that accepts connections and never answers gives way to the next one', async (t) => {
  const silent = await startFakeServer({ monitor_cond: () => undefined });
  const other = await startFakeServer({ get_schema: () => schema, monitor: () => ({}) });
  const remotes = `${silent.remote},${other.remote}`;
  const db = await connect(openVswitch, { remotes, tables: ['Bridge'], timeoutMs: 30_000, attemptMs: 1_000 });
  t.true(db.isConnected);
  db.close();
  await silent.dispose();
  await other.dispose();
});

test('an update in the same read as the first copy is not lost', async (t) => {
  const update = JSON.stringify({
    id: null,
    method: 'update',
    params: ['tables', { Bridge: { [ROW]: { old: row, new: { ...row, name: 'br1' } } } }],
  });
  const { db, dispose } = await open({
    // The reply's end and the update come in one read.
    monitor: () =>
      Buffer.from(`{"Bridge":{"${ROW}":{"new":${JSON.stringify(row)}}}},"error":null}${update}{"x":0`),
  });
  await db.until(() => db.find('Bridge', ({ name }) => name === 'br1'), { what: 'br1' });
  t.deepEqual([...db.table('Bridge').keys()].map(String), [ROW]);
  await dispose();
});

test('a session resumes after the last transaction, or gets all rows if the server has forgotten it', async (t) => {
  const sinces: unknown[] = [];
  const { server, db, dispose } = await open({
    monitor_cond_since: ([, , , since]) => {
      sinces.push(since);
      if (sinces.length === 1) return [false, 'txn-1', { Bridge: { [ROW]: { initial: row } } }];
      if (sinces.length === 2) return [true, 'txn-3', { Bridge: { [ROW]: { modify: { name: 'br3' } } } }];
      return [false, 'txn-9', {}];
    },
  });
  const reconnect = () => {
    for (const socket of server.sockets) socket.destroy();
  };
  tell(server, {
    method: 'update3',
    params: ['tables', 'txn-2', { Bridge: { [ROW]: { modify: { name: 'br2' } } } }],
  });
  await db.until(() => db.find('Bridge', ({ name }) => name === 'br2'), { what: 'br2' });
  reconnect();
  const kept = await db.until(() => db.find('Bridge', ({ name }) => name === 'br3'), { what: 'br3' });
  t.is(kept.external_ids.get('a'), '1');
  reconnect();
  await db.until(() => when(db.table('Bridge').size === 0), { what: 'no bridge' });
  t.deepEqual(sinces, ['00000000-0000-0000-0000-000000000000', 'txn-2', 'txn-3']);
  await dispose();
});

test('a session that resumes knows what a server with another schema takes', async (t) => {
  const older = JSON.parse(JSON.stringify(schema).replaceAll('"secure"', '"other"'));
  let sessions = 0;
  const { server, db, dispose } = await open({
    get_schema: () => (++sessions === 1 ? older : schema),
    monitor_cond_since: () => [sessions > 1, `txn-${sessions}`, {}],
  });
  t.false(db.allows('Bridge', 'fail_mode', 'secure'));
  for (const socket of server.sockets) socket.destroy();
  await until('the other schema', async () => when(db.allows('Bridge', 'fail_mode', 'secure')));
  await dispose();
});

test('a server that falls silent is probed, given up and connected to again', async (t) => {
  const { server, db, dispose } = await open({ monitor: () => ({}), echo: () => undefined }, { probeMs: 50 });
  const states: string[] = [];
  db.onState((state) => states.push(state));
  await until('a new session', () => when(states.includes('connected')));
  t.true(methodsOf(server).includes('echo'));
  t.is(states[0], 'disconnected');
  await dispose();
});

test('the outcome of a transaction is unknown without an answer, but not after a refusal of the whole request', async (t) => {
  const silent = await open({ monitor: () => ({}), transact: () => undefined });
  const txn = (db: typeof silent.db) => {
    const made = db.transaction('a bridge');
    made.insert('Bridge', { name: 'br0' });
    return made;
  };
  await t.throwsAsync(txn(silent.db).commit({ timeoutMs: 50 }), {
    instanceOf: OutcomeUnknown,
    message: /a bridge: .*may or may not have been made/,
  });
  const cut = txn(silent.db).commit();
  await until('the request', () =>
    when(methodsOf(silent.server).filter((method) => method === 'transact').length === 2),
  );
  for (const socket of silent.server.sockets) socket.destroy();
  await t.throwsAsync(cut, { instanceOf: OutcomeUnknown });
  await silent.dispose();

  const refusing = await open({
    monitor: () => ({}),
    transact: () => {
      throw { error: 'not leader', details: 'transact for a follower' };
    },
  });
  const refused = await t.throwsAsync(txn(refusing.db).commit(), { instanceOf: NotLeader });
  t.is(explainError(refused), 'a bridge: not leader: transact for a follower');
  await refusing.dispose();
});

test('a server that accepts connections and never answers is unreachable after the timeout', async (t) => {
  const server = await startFakeServer({ monitor_cond: () => undefined });
  const started = performance.now();
  await t.throwsAsync(connect(openVswitch, { remotes: server.remote, timeoutMs: 300 }), {
    instanceOf: DatabaseUnreachable,
  });
  t.true(performance.now() - started < 2_000);
  await server.dispose();
});

test('an attempt to connect ends as soon as its signal is aborted', async (t) => {
  const stop = new AbortController();
  const remotes = 'unix:/nonexistent/db.sock';
  const attempt = connect(openVswitch, { remotes, timeoutMs: 60_000, signal: stop.signal });
  stop.abort();
  await t.throwsAsync(attempt, { instanceOf: DatabaseUnreachable, message: /the client was closed/ });
  await t.throwsAsync(connect(openVswitch, { remotes, timeoutMs: 60_000, signal: stop.signal }), {
    instanceOf: DatabaseUnreachable,
  });
});

test('a server that ends each session at once is asked less and less often', async (t) => {
  const { server, dispose } = await open({ monitor_cond: () => ({}) });
  const stop = setInterval(() => {
    // A client has the tables after its last request, `monitor_cond`.
    if (methodsOf(server).at(-1) === 'monitor_cond') for (const socket of server.sockets) socket.destroy();
  }, 5);
  const end = performance.now() + 3_000;
  await until('the end of three seconds', () => when(performance.now() > end));
  clearInterval(stop);
  await dispose();
  const sessions = methodsOf(server).filter((method) => method === 'get_schema').length;
  t.true(sessions >= 3 && sessions <= 7, `${sessions} sessions`);
});
