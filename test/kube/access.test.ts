import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  type AccessOptions,
  type ApiAccess,
  accessSettings,
  findAccess,
  isConfigured,
} from '../../src/kube/access.js';

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
  await writeFile(file, kubeconfig('https://192.0.2.7:6443', 'from the file'));
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
  await writeFile(file, kubeconfig('https://192.0.2.7:6443', 'token', 'none'));
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
