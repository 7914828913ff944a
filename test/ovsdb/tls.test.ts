import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeFullFolder } from '../../lab/full_folder.js';
import { startOvsdbServer } from '../../lab/ovsdb_server.js';
import { connect } from '../../src/ovsdb/client.js';
import { DatabaseUnreachable } from '../../src/ovsdb/errors.js';
import { openVswitch } from '../../src/ovsdb/tables/open_vswitch.js';
import { freePort } from './free_port.js';
import { type KeyPair, makeCa, signedBy } from './pki.js';

async function workplace(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tls-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

/** A real server at an `ssl:` address; it trusts clients of `ca` and sends that along. */
async function serve(t: ExecutionContext, pair: KeyPair, ca: KeyPair, port: number): Promise<string> {
  const server = await startOvsdbServer({
    args: [
      `--remote=pssl:${port}:127.0.0.1`,
      ...[`--private-key=${pair.key}`, `--certificate=${pair.cert}`, `--ca-cert=${ca.cert}`],
    ],
  });
  t.teardown(() => server.dispose());
  return `ssl:127.0.0.1:${port}`;
}

async function open(remotes: string, client: KeyPair, ca: string, timeoutMs = 5_000, serverName?: string) {
  const db = await connect(openVswitch, {
    remotes,
    timeoutMs,
    tls: { privateKey: client.key, certificate: client.cert, ca, serverName },
  });
  db.close();
}

test('the CA of the first server is stored and trusted, and a server of another CA is refused', async (t) => {
  const dir = await workplace(t);
  const [ours, theirs] = await Promise.all([makeCa(dir, 'ours'), makeCa(dir, 'theirs')]);
  const [server, client, impostor] = await Promise.all([
    signedBy(ours, dir, 'server'),
    signedBy(ours, dir, 'client'),
    signedBy(theirs, dir, 'impostor'),
  ]);
  const ca = join(dir, 'ovnnb-ca.cert');
  const remote = await serve(t, server, ours, await freePort());
  await open(remote, client, ca);
  t.is((await readFile(ca, 'utf8')).trim(), (await readFile(ours.cert, 'utf8')).trim());
  t.is((await stat(ca)).mode & 0o777, 0o644);
  await open(remote, client, ca);

  const other = await serve(t, impostor, theirs, await freePort());
  const error = await t.throwsAsync(open(other, client, ca, 500), { instanceOf: DatabaseUnreachable });
  t.regex(error?.message ?? '', /is not signed by the CA in .*ovnnb-ca\.cert .*delete that file/);
  t.is((await readFile(ca, 'utf8')).trim(), (await readFile(ours.cert, 'utf8')).trim());
});

test("a gateway's certificate passes for the northbound server's unless the name of the server is set", async (t) => {
  const dir = await workplace(t);
  const ca = await makeCa(dir, 'ours');
  const [server, gateway, client] = await Promise.all(
    ['ovnnb', 'gw1', 'gw2'].map((name) => signedBy(ca, dir, name)),
  );
  const [real, impostor] = await Promise.all(
    [server, gateway].map(async (pair) => serve(t, pair as KeyPair, ca, await freePort())),
  );
  const connectTo = (remote: string | undefined, name?: string) =>
    open(remote ?? '', client as KeyPair, ca.cert, name === undefined ? 5_000 : 1_000, name);
  await connectTo(impostor);
  const error = await t.throwsAsync(connectTo(impostor, 'ovnnb'), { instanceOf: DatabaseUnreachable });
  t.regex(
    error?.message ?? '',
    /the certificate of ssl:\S+ is for CN:gw1, not for ovnnb; give the server one/,
  );
  await connectTo(real, 'ovnnb');
});

for (const [names, name, isAccepted] of [
  ['DNS:nb.example', 'nb.example', true],
  ['DNS:*.nb.example', 'one.nb.example', true],
  ['DNS:nb.example', 'other.example', false],
  ['IP:192.0.2.1', '192.0.2.1', true],
] as const)
  test(`a server whose certificate has ${names} ${isAccepted ? 'passes' : 'does not pass'} for ${name}`, async (t) => {
    const dir = await workplace(t);
    const ca = await makeCa(dir, 'ours');
    const [server, client] = await Promise.all([
      signedBy(ca, dir, 'server', `subjectAltName=${names}`),
      signedBy(ca, dir, 'client'),
    ]);
    const connecting = open(await serve(t, server, ca, await freePort()), client, ca.cert, 1_000, name);
    if (isAccepted) await t.notThrowsAsync(connecting);
    else
      await t.throwsAsync(connecting, {
        message: /is for CN:server, DNS:nb\.example, not for other\.example/,
      });
  });

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot(
  'a full disk leaves no CA file, and an empty one that an earlier version left is written again',
  async (t) => {
    const dir = await workplace(t);
    const ours = await makeCa(dir, 'ours');
    const [server, client] = await Promise.all([
      signedBy(ours, dir, 'server'),
      signedBy(ours, dir, 'client'),
    ]);
    const remote = await serve(t, server, ours, await freePort());
    const disk = await makeFullFolder();
    t.teardown(() => disk.dispose());
    const ca = join(disk.path, 'ovnnb-ca.cert');
    disk.fill();
    await t.throwsAsync(open(remote, client, ca, 500), {
      instanceOf: DatabaseUnreachable,
      message: /cannot write .*ovnnb-ca\.cert/,
    });
    disk.free();
    t.deepEqual(await readdir(disk.path), []);
    await writeFile(ca, '');
    await open(remote, client, ca);
    t.is((await readFile(ca, 'utf8')).trim(), (await readFile(ours.cert, 'utf8')).trim());
    // Half a certificate is refused by name: an administrator may have put it there.
    const half = (await readFile(ca, 'utf8')).slice(0, 200);
    await writeFile(ca, half);
    await t.throwsAsync(open(remote, client, ca, 500), {
      instanceOf: DatabaseUnreachable,
      message: /ovnnb-ca\.cert.*delete that file/,
    });
    t.is(await readFile(ca, 'utf8'), half);
  },
);

test('a server that does not send its CA leaves no CA file, and the error names the remedy', async (t) => {
  const dir = await workplace(t);
  const [ours, theirs] = await Promise.all([makeCa(dir, 'ours'), makeCa(dir, 'theirs')]);
  const [server, client] = await Promise.all([
    signedBy(ours, dir, 'server'),
    signedBy(theirs, dir, 'client'),
  ]);
  const ca = join(dir, 'ovnnb-ca.cert');
  // It trusts clients of another CA than its own, so it does not know what to send.
  const remote = await serve(t, server, theirs, await freePort());
  await t.throwsAsync(open(remote, client, ca, 500), {
    instanceOf: DatabaseUnreachable,
    message: /does not send its CA's certificate; copy the CA file here by hand/,
  });
  await t.throwsAsync(readFile(ca), { code: 'ENOENT' });
});

test('a CA file that is a link to nothing is refused, so that no server is trusted without being stored', async (t) => {
  const dir = await workplace(t);
  const ours = await makeCa(dir, 'ours');
  const [server, client] = await Promise.all(['server', 'client'].map((name) => signedBy(ours, dir, name)));
  const ca = join(dir, 'ovnnb-ca.cert');
  await symlink(join(dir, 'none', 'ca.cert'), ca);
  const remote = await serve(t, server as KeyPair, ours, await freePort());
  const error = await t.throwsAsync(open(remote, client as KeyPair, ca, 500));
  t.regex(error?.message ?? '', /ovnnb-ca\.cert is a link to a file that does not exist/);
});

test('a client without its files, or with a certificate of another CA, gets an error that says so', async (t) => {
  const dir = await workplace(t);
  const [ours, theirs] = await Promise.all([makeCa(dir, 'ours'), makeCa(dir, 'theirs')]);
  const [server, client, stranger] = await Promise.all([
    signedBy(ours, dir, 'server'),
    signedBy(ours, dir, 'client'),
    signedBy(theirs, dir, 'stranger'),
  ]);
  const remote = await serve(t, server, ours, await freePort());
  const unreachable = (message: RegExp) => ({ instanceOf: DatabaseUnreachable, message });
  await t.throwsAsync(
    connect(openVswitch, { remotes: remote, timeoutMs: 500 }),
    unreachable(/needs a private key/),
  );
  const missing = { key: join(dir, 'missing.pem'), cert: client.cert };
  await t.throwsAsync(open(remote, missing, ours.cert, 500), unreachable(/missing\.pem/));
  const nonsense = join(dir, 'nonsense.pem');
  await writeFile(nonsense, 'not a certificate\n');
  await t.throwsAsync(
    open(remote, client, nonsense, 500),
    unreachable(/is not signed by the CA in .*nonsense\.pem/),
  );
  await t.throwsAsync(open(remote, stranger, ours.cert, 500), unreachable(/unknown ca|certificate|closed/));
});
