import { readFile } from 'node:fs/promises';
import { connect as connectSocket, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { SCHEMAS } from '../../lab/ovsdb_server.js';
import { until, when } from '../../lab/until.js';
import { ProductError } from '../../src/net/errors.js';
import { Cache } from '../../src/ovsdb/cache.js';
import { connect } from '../../src/ovsdb/client.js';
import { BadReply } from '../../src/ovsdb/errors.js';
import { RpcSession } from '../../src/ovsdb/rpc.js';
import { parseSchema } from '../../src/ovsdb/schema.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { type Answers, startFakeServer } from './fake_server.js';

const MIB = 1024 * 1024;
const ROW = 'c0ffee00-0000-4000-8000-000000000001';
const SCHEMA: Readonly<Record<string, unknown>> = JSON.parse(await readFile(SCHEMAS.Open_vSwitch, 'utf8'));

/** Opens a session whose peer sends only what the test writes to `peer`. */
async function pair(t: ExecutionContext, { probeMs = 60_000 } = {}) {
  const server = await startFakeServer({ silence: () => undefined });
  const socket = connectSocket(server.path);
  const session = new RpcSession({ socket, probeMs, notified: () => undefined });
  const peer: Socket = await until('the connection', () => [...server.sockets][0]);
  t.teardown(async () => {
    session.close();
    await server.dispose();
  });
  return { session, peer };
}

/** Writes `part` again and again, as fast as the other end reads it, until the connection ends. */
function pour(peer: Socket, part: Buffer): void {
  const more = () => {
    while (!peer.destroyed && peer.write(part));
  };
  peer.on('drain', more);
  more();
}

test('a message of more than 128 MiB ends the session while it arrives', async (t) => {
  const { session, peer } = await pair(t);
  const before = process.memoryUsage().arrayBuffers;
  peer.write('{"id":null,"method":"update","params":["');
  pour(peer, Buffer.alloc(MIB, 'x'));
  t.like(await session.closed, { code: 'ERR_MESSAGE_TOO_LARGE' });
  t.true(process.memoryUsage().arrayBuffers - before < 200 * MIB);
});

test('a message that is nested 1,001 deep ends the session', async (t) => {
  const { session, peer } = await pair(t);
  peer.write('['.repeat(100_000));
  t.like(await session.closed, { code: 'ERR_MESSAGE_TOO_LARGE' });
});

test('a server that sends echo requests and does not read the replies is disconnected', async (t) => {
  const { session, peer } = await pair(t);
  peer.pause();
  const params = JSON.stringify(['x'.repeat(10_000)]);
  pour(peer, Buffer.from(`{"id":"echo","method":"echo","params":${params}}`.repeat(10)));
  t.like(await session.closed, { code: 'ERR_PEER_NOT_READING' });
});

test('an echo request of more than 1 MiB ends the session, and no reply is made', async (t) => {
  const { session, peer } = await pair(t);
  peer.write(`{"id":"echo","method":"echo","params":${JSON.stringify(['x'.repeat(MIB)])}}`);
  t.like(await session.closed, {
    code: 'ERR_MESSAGE_TOO_LARGE',
    message: `the peer sent an echo request of more than ${MIB} bytes`,
  });
});

test('a server that sends one octet now and then, and does not answer the probe, is given up', async (t) => {
  const { session, peer } = await pair(t, { probeMs: 100 });
  const dripping = setInterval(() => peer.write('['), 20);
  t.like(await session.closed, { code: 'ERR_NO_ECHO' });
  clearInterval(dripping);
});

test('a message that is not an object ends the session', async (t) => {
  const { session, peer } = await pair(t);
  peer.write('[{"id":1}]');
  t.like(await session.closed, { code: 'ERR_NOT_JSON' });
});

/** Connects to a server with these answers. */
async function follow(t: ExecutionContext, answers: Answers) {
  const server = await startFakeServer({ get_schema: () => SCHEMA, ...answers });
  t.teardown(() => server.dispose());
  const options = { remotes: server.remote, tables: ['Bridge'], timeoutMs: 1_000 } as const;
  return { server, connected: connect(openVswitch, options) };
}

test('an update before the reply to the monitor request ends the session', async (t) => {
  const { server, connected } = await follow(t, {
    monitor_cond_since: () => {
      const update = { id: null, method: 'update3', params: ['tables', 'txn', {}] };
      for (const socket of server.sockets) socket.write(JSON.stringify(update));
      return undefined;
    },
  });
  await t.throwsAsync(connected, { code: 'ERR_DATABASE_UNREACHABLE', message: /before the reply/ });
});

test('after a row that cannot be read the client reconnects, and asks for all rows', async (t) => {
  const good = { Bridge: { [ROW]: { initial: { name: 'br0' } } } };
  const since: unknown[] = [];
  const { server, connected } = await follow(t, {
    monitor_cond_since: (params) => {
      since.push(params[3]);
      return [false, 'some-transaction', good];
    },
  });
  const db = await connected;
  t.teardown(() => db.close());
  const bad = { Bridge: { [ROW]: { modify: { name: { toString: 1 } } } } };
  const update = { id: null, method: 'update3', params: ['tables', 'next-transaction', bad] };
  for (const socket of server.sockets) socket.write(JSON.stringify(update));
  await until('the second session', () => when(since.length === 2 && db.isConnected));
  t.deepEqual(since, [since[0], since[0]]);
  t.is(db.find('Bridge', () => true)?.name, 'br0');
});

test('whatever a server answers, connecting succeeds or fails with a typed error', async (t) => {
  const reply = fc.option(fc.oneof(fc.jsonValue(), likeReply()), { nil: 'silence' });
  await fc.assert(
    fc.asyncProperty(reply, reply, reply, async (leader, schema, rows) => {
      const say = (value: unknown) => (value === 'silence' ? undefined : value);
      const server = await startFakeServer({
        monitor_cond: () => say(leader),
        get_schema: () => (schema === 'silence' ? SCHEMA : schema),
        monitor_cond_since: () => say(rows),
      });
      try {
        const options = { remotes: server.remote, tables: ['Bridge'], timeoutMs: 30 } as const;
        const db = await connect(openVswitch, options);
        db.close();
      } catch (error) {
        t.true(error instanceof ProductError, String(error));
      } finally {
        await server.dispose();
      }
    }),
    { numRuns: 60 },
  );
});

/** A reply that is nearly one to a monitor request. */
function likeReply(): fc.Arbitrary<unknown> {
  const update = fc.dictionary(fc.constantFrom('initial', 'insert', 'modify', 'delete'), likeRow());
  return fc
    .dictionary(fc.constantFrom('Bridge', 'Database', '__proto__'), fc.dictionary(fc.constant(ROW), update))
    .map((updates) => [false, 'txn', updates]);
}

function likeRow(): fc.Arbitrary<Record<string, unknown>> {
  const atom = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant({ toString: 1 }),
    fc.constant(null),
  );
  const tagged = fc.tuple(
    fc.constantFrom('set', 'map', 'uuid', 'x'),
    fc.oneof(atom, fc.array(atom), pairs(atom)),
  );
  const names = [...Object.keys(openVswitch.tables.Bridge), 'constructor', '__proto__', 'toString'];
  return fc.dictionary(fc.constantFrom(...names), fc.oneof(atom, tagged, fc.jsonValue()));
}

function pairs(atom: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.array(fc.array(atom, { maxLength: 3 }));
}

test('whatever rows come, they are read as their columns say or refused', (t) => {
  const columns = openVswitch.tables.Bridge;
  const served = new Map([['Bridge', { columns, present: Object.keys(columns), values: new Map() }]]);
  const updates = fc.array(fc.tuple(fc.constantFrom('initial', 'modify'), likeRow()), { maxLength: 4 });
  fc.assert(
    fc.property(updates, (changes) => {
      const cache = new Cache(served);
      try {
        for (const [kind, row] of changes) cache.applyUpdates2({ Bridge: { [ROW]: { [kind]: row } } });
      } catch (error) {
        t.true(error instanceof BadReply, String(error));
        return;
      }
      for (const row of cache.rows('Bridge').values()) {
        for (const [name, value] of Object.entries(row)) {
          if (name === '_uuid') continue;
          t.true(Object.hasOwn(columns, name), name);
          t.true(
            value === undefined || Array.isArray(value) || value instanceof Map || typeof value !== 'object',
          );
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('whatever schema comes, it is read or refused', (t) => {
  const name = fc.constantFrom('Bridge', '__proto__', 'constructor');
  const type = fc.oneof(
    fc.jsonValue(),
    fc.record({ key: fc.jsonValue(), value: fc.jsonValue(), max: fc.jsonValue() }),
  );
  const table = fc.oneof(fc.jsonValue(), fc.record({ columns: fc.dictionary(name, fc.record({ type })) }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ tables: fc.dictionary(name, table) })), (schema) => {
      try {
        parseSchema(schema);
      } catch (error) {
        t.true(error instanceof BadReply, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
  t.true(parseSchema(SCHEMA).has('Bridge'));
});
