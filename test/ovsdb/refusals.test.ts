import { connect as connectSocket } from 'node:net';
import test from 'ava';
import { type OvsdbServer, startOvsdbServer } from '../../lab/ovsdb_server.js';
import { connect } from '../../src/ovsdb/client.js';
import {
  boolean,
  type Database,
  database,
  newer,
  optional,
  setOf,
  string,
  stringMap,
} from '../../src/ovsdb/columns.js';
import {
  ConstraintViolation,
  NotOwner,
  SchemaMismatch,
  transactionError,
  WaitTimedOut,
} from '../../src/ovsdb/errors.js';
import { RpcError, RpcSession } from '../../src/ovsdb/rpc.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { ovnNorthbound } from '../../src/ovsdb/tables/ovn_northbound.js';
import { ovnSouthbound } from '../../src/ovsdb/tables/ovn_southbound.js';

let server: OvsdbServer;
test.before(async () => {
  server = await startOvsdbServer();
});
test.after.always(() => server.dispose());

const mismatches = [
  [
    'a column of another type',
    { Bridge: { name: boolean } },
    /column name of .*Bridge is not scalar of boolean/,
  ],
  [
    'a set where one is wanted',
    { Bridge: { ports: string } },
    /column ports of .*Bridge is not scalar of string/,
  ],
  ['a value that may be absent where one is wanted', { Bridge: { fail_mode: string } }, /fail_mode/],
  ['a map where a set is wanted', { Bridge: { external_ids: setOf(string) } }, /not set of string/],
  ['no such column', { Bridge: { nonsense: string } }, /table Bridge has no column nonsense/],
  ['no such table', { Nonsense: { name: string } }, /no table Nonsense/],
] as const;

for (const [what, tables, message] of mismatches) {
  test(`a schema with ${what} is refused at once when connecting`, async (t) => {
    const wanted = database('Open_vSwitch', tables);
    const started = performance.now();
    await t.throwsAsync(connect(wanted, { remotes: server.remote, timeoutMs: 10_000 }), {
      instanceOf: SchemaMismatch,
      code: 'ERR_SCHEMA_MISMATCH',
      message,
    });
    t.true(performance.now() - started < 5_000);
  });
}

test('a database that the server does not have is a schema mismatch', async (t) => {
  await t.throwsAsync(connect(ovnNorthbound, { remotes: server.remote }), {
    instanceOf: SchemaMismatch,
    message: /OVN_Northbound database: the server does not have it/,
  });
});

test('a column that older servers may lack reads as empty there', async (t) => {
  const tables = {
    Open_vSwitch: {
      ovs_version: optional(string),
      tomorrow: newer(stringMap),
      someday: newer(optional(string)),
    },
  };
  const db = await connect(database('Open_vSwitch', tables), { remotes: server.remote });
  const other = await connect(openVswitch, { remotes: server.remote, tables: ['Open_vSwitch'] });
  const txn = other.transaction('the root row');
  txn.insert('Open_vSwitch', {});
  await txn.commit();
  const row = await db.until(() => [...db.table('Open_vSwitch').values()][0], { what: 'the row' });
  t.is(row.tomorrow.size, 0);
  t.is(row.someday, undefined);
  db.close();
  other.close();
});

test('a client knows which strings a column of the server takes', async (t) => {
  const db = await connect(openVswitch, { remotes: server.remote, tables: ['Bridge'] });
  t.true(db.allows('Bridge', 'fail_mode', 'secure'));
  t.false(db.allows('Bridge', 'fail_mode', 'nonsense'));
  t.false(db.allows('Bridge', 'name', 'br0'), 'a column that takes any string lists none');
  db.close();
});

for (const [schema, descriptor] of [
  ['Open_vSwitch', openVswitch],
  ['OVN_Northbound', ovnNorthbound],
  ['OVN_Southbound', ovnSouthbound],
] as const) {
  test(`what the product uses of ${schema} is in the installed schema`, async (t) => {
    const real = await startOvsdbServer({ schema });
    t.teardown(() => real.dispose());
    const db = await connect<Database>(descriptor, { remotes: real.remote });
    t.true(db.isConnected);
    db.close();
  });
}

test('errors of a real server have their classes: constraint, wait, lock and others', async (t) => {
  const socket = connectSocket(server.remote.slice('unix:'.length));
  await new Promise((resolve) => socket.once('connect', resolve));
  const rpc = new RpcSession({ socket, notified: () => undefined, probeMs: 60_000 });
  const refused = async (...operations: readonly object[]) => {
    const results = await rpc.request('transact', ['Open_vSwitch', ...operations]);
    const all: unknown[] = Array.isArray(results) ? results : [];
    const failed = all.find((one) => typeof one === 'object' && one !== null && 'error' in one);
    const { error, details }: { error?: unknown; details?: unknown } = failed ?? {};
    return transactionError('test', [
      { error: String(error), details: String(details), index: 0, operation: operations[0] },
    ]);
  };
  t.true((await refused({ op: 'assert', lock: 'of_another' })) instanceof NotOwner);
  const insert = { op: 'insert', table: 'Bridge', row: { name: 'x', fail_mode: 'nonsense' } };
  t.true((await refused(insert)) instanceof ConstraintViolation);
  const wait = { op: 'wait', table: 'Bridge', timeout: 20, where: [], columns: ['name'], until: '==' };
  t.true((await refused({ ...wait, rows: [{ name: 'never' }] })) instanceof WaitTimedOut);
  const other = await refused({ op: 'nonsense' });
  t.is(other.name, 'TransactionError');
  t.is(other.code, 'ERR_TRANSACTION');
  t.like(other.operation, { op: 'nonsense' });
  // An error of the whole request has the form that the client expects.
  const whole = await t.throwsAsync(rpc.request('transact', ['Nowhere']), { instanceOf: RpcError });
  t.like(whole?.error, { error: 'unknown database' });
  rpc.close();
});
