import { createServer } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { UsageError } from '../../src/net/errors.js';
import { connect } from '../../src/ovsdb/client.js';
import { parseRemotes } from '../../src/ovsdb/remotes.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';

test('a remote is a socket, or an address or name with or without a port', (t) => {
  const parsed = (text: string) => parseRemotes(text).map(({ text: _text, ...rest }) => rest);
  t.deepEqual(parsed('unix:/run/ovn/ovnnb_db.sock'), [{ kind: 'unix', path: '/run/ovn/ovnnb_db.sock' }]);
  t.deepEqual(parsed('tcp:192.0.2.1:6641'), [{ kind: 'tcp', host: '192.0.2.1', port: 6641 }]);
  t.deepEqual(parsed('tcp:192.0.2.1'), [{ kind: 'tcp', host: '192.0.2.1', port: 6640 }]);
  t.deepEqual(parsed('ssl:[2001:db8::1]:6641'), [{ kind: 'ssl', host: '2001:db8::1', port: 6641 }]);
  t.deepEqual(parsed('tcp:[::1]'), [{ kind: 'tcp', host: '::1', port: 6640 }]);
  t.deepEqual(parsed('ssl:db.example.org:6641'), [{ kind: 'ssl', host: 'db.example.org', port: 6641 }]);
  t.deepEqual(
    parseRemotes('ssl:192.0.2.1:6641, ssl:192.0.2.2:6641,unix:/x').map(({ text }) => text),
    ['ssl:192.0.2.1:6641', 'ssl:192.0.2.2:6641', 'unix:/x'],
  );
});

for (const text of [
  '',
  'unix:',
  '/run/openvswitch/db.sock',
  'punix:/x',
  'tcp:',
  'tcp:192.0.2.1:0',
  'tcp:192.0.2.1:65536',
  'tcp:192.0.2.1:http',
  'tcp:2001:db8::1:6641',
  'tcp:[192.0.2.1]:6641',
  'tcp:192.0.2.1:6641,',
  'http://192.0.2.1',
]) {
  test(`"${text}" is a wrong option, not an unreachable database`, async (t) => {
    t.throws(() => parseRemotes(text), {
      instanceOf: UsageError,
      message: /unix:PATH, tcp:HOST:PORT or ssl/,
    });
    await t.throwsAsync(connect(openVswitch, { remotes: text }), { instanceOf: UsageError });
  });
}

/** Returns a free port of `host`. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a server is reached over TCP of both families, after remotes of the list that do not answer', async (t) => {
  const [v4, v6, nobody] = await Promise.all(['127.0.0.1', '::1', '127.0.0.1'].map(freePort));
  const server = await startOvsdbServer({
    args: [`--remote=ptcp:${v4}:127.0.0.1`, `--remote=ptcp:${v6}:[::1]`],
  });
  for (const remotes of [
    `tcp:127.0.0.1:${v4}`,
    `tcp:[::1]:${v6}`,
    `unix:/nonexistent,tcp:127.0.0.1:${nobody},tcp:[::1]:${v6}`,
  ]) {
    const db = await connect(openVswitch, { remotes, timeoutMs: 5_000 });
    const txn = db.transaction('a row over TCP');
    txn.insert('Open_vSwitch', {});
    if (db.table('Open_vSwitch').size === 0) await txn.commit();
    t.truthy(await db.until(() => [...db.table('Open_vSwitch').keys()][0], { what: 'the row' }));
    db.close();
  }
  await server.dispose();
});

test('whatever text external_ids hold, it is a list of remotes or a mistake that is named', (t) => {
  const text = fc.oneof(
    fc.constantFrom(
      'tcp:',
      'ssl:[::1]:',
      'unix:',
      'tcp:a:99999',
      'ssl:[1.2.3.4]:1',
      'tcp:'.repeat(10_000),
      ','.repeat(100),
    ),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'tcpsl:[]0123456789.,a ') }),
  );
  fc.assert(
    fc.property(text, (remotes) => {
      try {
        for (const one of parseRemotes(remotes))
          if (one.kind !== 'unix') t.true(one.port >= 1 && one.port <= 65_535);
      } catch (error) {
        t.true(error instanceof UsageError);
      }
    }),
    { numRuns: 2_000 },
  );
});
