import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { validateHeaderValue } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  type AccessOptions,
  type ApiAccess,
  accessSettings,
  findAccess,
  isConfigured,
} from '../../src/kube/access.js';
import { explainError, ProductError } from '../../src/net/errors.js';

const IDS = {
  'k8s-api-server': 'https://192.0.2.1:6443',
  'k8s-api-token': 'secret',
  'k8s-ca-certificate': 'a certificate',
};

function optionsOf(ids: Readonly<Record<string, string>>, more: Partial<AccessOptions> = {}): AccessOptions {
  return { systemIds: new Map(Object.entries(ids)), sysconf: '/nonexistent', env: {}, ...more };
}

async function find(
  t: ExecutionContext,
  ids: Readonly<Record<string, string>>,
  more: Partial<AccessOptions> = {},
): Promise<ApiAccess> {
  const access = await findAccess(optionsOf(ids, more));
  if (access === undefined) throw t.fail('no access');
  return access;
}

/** Makes a directory that is removed after the test. */
async function directory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'access-'));
  t.teardown(() => rm(dir, { recursive: true }));
  return dir;
}

function kubeconfig(server: string, token: string, context = 'one'): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'one', cluster: { server } }],
    users: [{ name: 'one', user: { token } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    'current-context': context,
  });
}

test('external_ids give the server, the token and the CA', async (t) => {
  const access = await find(t, IDS);
  t.is(access.server.href, 'https://192.0.2.1:6443/');
  t.is(access.source, 'external_ids:k8s-api-server');
  t.deepEqual(await access.options(), { headers: { authorization: 'Bearer secret' }, ca: 'a certificate' });
});

test('the literal \\n that ovs-vsctl stores is a line break in a CA, and none in a token', async (t) => {
  const access = await find(t, { ...IDS, 'k8s-api-token': 'sec\\nret\\n', 'k8s-ca-certificate': 'a\\nb\\n' });
  t.deepEqual(await access.options(), { headers: { authorization: 'Bearer secret' }, ca: 'a\nb\n' });
});

test('a server without a scheme is reached over HTTP, without CA and token', async (t) => {
  const access = await find(t, { 'k8s-api-server': '192.0.2.1:8080' });
  t.is(access.server.href, 'http://192.0.2.1:8080/');
  t.deepEqual(await access.options(), { headers: {} });
});

test('the CA is read from k8s-ca.crt if external_ids have none', async (t) => {
  const sysconf = await directory(t);
  const ids = { 'k8s-api-server': IDS['k8s-api-server'] };
  await t.throwsAsync(findAccess(optionsOf(ids, { sysconf })), {
    code: 'ERR_KUBE_CONFIG',
    message: new RegExp(`no CA to verify the server; .* put the CA in ${join(sysconf, 'k8s-ca.crt')}`),
  });
  await writeFile(join(sysconf, 'k8s-ca.crt'), 'from the file');
  t.is((await (await find(t, ids, { sysconf })).options()).ca, 'from the file');
  t.is((await (await find(t, IDS, { sysconf })).options()).ca, 'a certificate');
});

test('a server that is not an address is refused; the message names it', async (t) => {
  await t.throwsAsync(findAccess(optionsOf({ ...IDS, 'k8s-api-server': 'https://a:b:c' })), {
    code: 'ERR_KUBE_CONFIG',
    message: /"https:\/\/a:b:c" is not the address of an API server/,
  });
});

test('the fingerprint changes with server, token and CA, and only with them', async (t) => {
  const { fingerprint } = await find(t, IDS);
  t.is((await find(t, { ...IDS, 'ovn-nb': 'tcp:192.0.2.9:6641' })).fingerprint, fingerprint);
  const others = await Promise.all(
    [
      { 'k8s-api-server': 'https://192.0.2.2:6443' },
      { 'k8s-api-token': 'new' },
      { 'k8s-ca-certificate': 'another' },
    ].map(async (other) => (await find(t, { ...IDS, ...other })).fingerprint),
  );
  t.is(new Set([fingerprint, ...others]).size, 4);
});

test('the fingerprint contains no secret', async (t) => {
  const { fingerprint } = await find(t, IDS);
  t.regex(fingerprint, /^[0-9a-f]{64}$/);
});

test('a kubeconfig comes before external_ids', async (t) => {
  const file = join(await directory(t), 'config');
  await writeFile(file, kubeconfig('https://192.0.2.7:6443', 'from the file'), { mode: 0o600 });
  const access = await find(t, IDS, { kubeconfig: file });
  t.is(access.server.href, 'https://192.0.2.7:6443/');
  t.is(access.source, `--kubeconfig=${file}`);
  const { headers, agent } = await access.options();
  t.like(headers, { Authorization: 'Bearer from the file' });
  t.is(agent, undefined);
  await writeFile(file, kubeconfig('https://192.0.2.7:6443', 'another'));
  t.not((await find(t, IDS, { kubeconfig: file })).fingerprint, access.fingerprint);
});

test('a kubeconfig that is missing, or has no current context, is refused; the message names it', async (t) => {
  const file = join(await directory(t), 'config');
  await t.throwsAsync(findAccess(optionsOf(IDS, { kubeconfig: file })), {
    message: `--kubeconfig=${file}: cannot be read`,
  });
  await writeFile(file, kubeconfig('https://192.0.2.7:6443', 'token', 'none'), { mode: 0o600 });
  await t.throwsAsync(findAccess(optionsOf(IDS, { kubeconfig: file })), {
    message: new RegExp(`--kubeconfig=${file}: has no current context`),
  });
});

test('the server of the own Pod comes after external_ids', async (t) => {
  const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
  t.is((await find(t, IDS, { env })).source, 'external_ids:k8s-api-server');
  t.true(isConfigured(optionsOf({}, { env })));
});

test('without a server in options, external_ids or environment none is configured', async (t) => {
  for (const ids of [{}, { 'k8s-api-server': '' }, { 'k8s-api-token': 'secret' }]) {
    t.false(isConfigured(optionsOf(ids)));
    t.is(await findAccess(optionsOf(ids)), undefined);
  }
  t.true(isConfigured(optionsOf(IDS)));
  t.true(isConfigured(optionsOf({}, { kubeconfig: '/some/file' })));
});

test('the settings change with the keys of the API server, and only with them', (t) => {
  const settings = (ids: Readonly<Record<string, string>>) => accessSettings(new Map(Object.entries(ids)));
  t.is(settings({ ...IDS, 'ovn-nb': 'tcp:192.0.2.9:6641' }), settings(IDS));
  for (const key of Object.keys(IDS)) t.not(settings({ ...IDS, [key]: 'other' }), settings(IDS), key);
});

test('a token over http:// to another host is refused with the remedy; to this host it is sent', async (t) => {
  const file = await secret(t, 'from-a-file');
  for (const server of [
    'http://192.0.2.1:8080',
    '192.0.2.1:8080',
    'HTTP://api.example',
    'http://[::2]',
    'http://128.0.0.1',
  ])
    for (const token of [{ 'k8s-api-token': 'secret' }, { 'k8s-api-token-file': file }]) {
      const error = await t.throwsAsync(findAccess(optionsOf({ 'k8s-api-server': server, ...token })), {
        code: 'ERR_CLEARTEXT',
      });
      t.regex(
        error?.message ?? '',
        /^external_ids:k8s-api-server: a token would go to \S+ over http:.*give https:/,
      );
    }
  for (const server of ['http://127.0.0.1:8080', '127.1.2.3:8080', 'http://[::1]:8080', 'localhost:8080']) {
    const access = await find(t, { 'k8s-api-server': server, 'k8s-api-token': 'secret' });
    t.like(await access.options(), { headers: { authorization: 'Bearer secret' } });
  }
  const path = join(await directory(t), 'config');
  await writeFile(path, kubeconfig('http://192.0.2.7:8080', 'secret'), { mode: 0o600 });
  t.deepEqual(await (await find(t, {}, { kubeconfig: path })).options(), {});
});

test('a password in the address of a server is refused and not shown', async (t) => {
  for (const server of ['https://admin:secret@192.0.2.1', 'https://admin:secret@a:b:c']) {
    const error = await t.throwsAsync(findAccess(optionsOf({ 'k8s-api-server': server })), {
      code: 'ERR_KUBE_CONFIG',
    });
    t.notRegex(error?.message ?? '', /secret/);
  }
});

/** Writes a token's file that only this user can read. */
async function secret(t: ExecutionContext, token: string): Promise<string> {
  const file = join(await directory(t), 'token');
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return file;
}

test('the token is read from its file, which comes before the key with the token itself', async (t) => {
  const access = await find(t, { ...IDS, 'k8s-api-token-file': await secret(t, 'from-the-file') });
  t.like(await access.options(), { headers: { authorization: 'Bearer from-the-file' } });
});

test('a replaced file of a token is used by the next request, whichever way it was replaced', async (t) => {
  const file = await secret(t, 'one');
  const token = async () => (await access.options()).headers as object;
  const access = await find(t, { ...IDS, 'k8s-api-token-file': file });
  await writeFile(file, 'two');
  t.deepEqual(await token(), { authorization: 'Bearer two' });
  await writeFile(`${file}.new`, 'three', { mode: 0o600 });
  await rename(`${file}.new`, file);
  t.deepEqual(await token(), { authorization: 'Bearer three' });
  await rm(file);
  await t.throwsAsync(access.options(), { code: 'ERR_SECRET_FILE', message: /: cannot be read$/ });
  t.not(
    (await find(t, { ...IDS, 'k8s-api-token-file': await secret(t, 'four') })).fingerprint,
    access.fingerprint,
  );
});

test('the tokenFile of a kubeconfig is checked and read as one of external_ids', async (t) => {
  const dir = await directory(t);
  const [path, tokenFile] = [join(dir, 'config'), join(dir, 'token')];
  await writeFile(tokenFile, 'one', { mode: 0o600 });
  for (const key of ['tokenFile', 'token-file']) {
    const text = kubeconfig('https://192.0.2.7:6443', '').replace('"token":""', `"${key}":"token"`);
    await writeFile(path, text, { mode: 0o600 });
    const access = await find(t, {}, { kubeconfig: path });
    t.like((await access.options()).headers, { authorization: 'Bearer one' });
    await writeFile(tokenFile, 'two');
    t.like((await access.options()).headers, { authorization: 'Bearer two' });
    await chmod(tokenFile, 0o644);
    await t.throwsAsync(access.options(), { code: 'ERR_SECRET_FILE', message: /run chmod 600/ });
    await t.throwsAsync(findAccess(optionsOf({}, { kubeconfig: path })), { code: 'ERR_SECRET_FILE' });
    await chmod(tokenFile, 0o600);
    await writeFile(tokenFile, 'one');
  }
});

test('a kubeconfig that cannot be parsed is refused without showing its lines', async (t) => {
  const path = join(await directory(t), 'config');
  for (const text of [
    'users:\n- token: secret: "x',
    'a: 1\n\tb: secret',
    '[secret',
    'secret',
    '{"users":[{"token":"secret"}]}',
  ]) {
    await writeFile(path, text, { mode: 0o600 });
    const error = await t.throwsAsync(findAccess(optionsOf({}, { kubeconfig: path })), { code: 'ERR_USAGE' });
    t.notRegex(`${inspect(error)} ${explainError(error)}`, /secret/);
  }
});

test('whatever external_ids hold, the access has headers that can be sent, or the setting is refused', async (t) => {
  const text = fc.oneof(
    fc.constantFrom(
      '',
      'https://[',
      'http://127.0.0.1',
      'https://h:99999',
      'file:///etc/shadow',
      '//',
      'a b',
      '\\n',
      'x\ny',
      '\x1b[2J',
    ),
    fc.constantFrom('http://user:secret@127.0.0.1', '/etc/shadow', '/dev/zero', '../x', 'é'),
    fc.string({ unit: 'binary' }),
  );
  const keys = ['k8s-api-server', 'k8s-api-token', 'k8s-api-token-file', 'k8s-ca-certificate'] as const;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...keys), text)), async (entries) => {
      try {
        const { headers = {} } =
          (await (await findAccess(optionsOf(Object.fromEntries(entries))))?.options()) ?? {};
        for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, String(value));
      } catch (error) {
        t.true(error instanceof ProductError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
