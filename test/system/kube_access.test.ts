import { readFileSync } from 'node:fs';
import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import { CniPlugin, makeSandbox } from '../../lab/cni.js';
import { ACCOUNT_TOKENS, type Kubernetes, TOKEN } from '../../lab/kube.js';
import { startKubeCluster } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { podManifest, serviceManifest } from '../../lab/manifests.js';
import { initCluster } from '../../lab/overlay.js';
import { executable, PROJECT } from '../../lab/project.js';
import type { Running } from '../../lab/running.js';
import { until, when } from '../../lab/until.js';

/** Tests access to a real API server, and the report of a refusal. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateway: Node;
/** In the form of `external_ids`. */
let otherCa: string;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1'] }));
  gateway = cluster.node('gw1');
  otherCa = await makeCa();
  await initCluster(cluster, ['gw1']);
  await kubernetes.kubectl('apply', '-f', join(PROJECT, 'packaging/kubernetes/rbac.yaml'));
  await kubernetes.apply(podManifest('one', 'gw1'), serviceManifest('web', { ports: [{ port: 80 }] }));
});
test.after.always(() => cluster?.dispose());

const REFUSALS: [name: string, ids: () => Record<string, string>, says: RegExp][] = [
  [
    'an unknown token',
    () => ({ 'k8s-api-token': 'wrong' }),
    /: 401 Unauthorized; the credentials are those of external_ids:k8s-api-server/,
  ],
  [
    'an account without rights',
    () => ({ 'k8s-api-token': ACCOUNT_TOKENS.stranger }),
    /: 403 .*cannot list resource/,
  ],
  [
    'a server with another CA',
    () => ({ 'k8s-ca-certificate': otherCa }),
    /: no answer: .*(certificate|self.signed)/,
  ],
];
for (const [name, ids, says] of REFUSALS) {
  kubeTest(
    `${name}: watcher and helper report it once, and continue when external_ids are right`,
    async (t) => {
      await tell(cluster.master, ids());
      await tell(gateway, ids());
      const watcher = await startWatcher();
      const helper = await startHelper();
      for (const { daemon, node, program, path } of [
        { daemon: watcher, node: cluster.master, program: 'ovn-k8s-watcher', path: '/api/v1/pods' },
        { daemon: helper, node: gateway, program: 'ovn-k8s-gateway-helper', path: '/api/v1/services' },
      ]) {
        const problem = new RegExp(`WARN.*${path}${says.source}`, 'g');
        await daemon.says(new RegExp(problem.source));
        await until('the problem in its status', async () => when(says.test(await status(node, program))));
        t.notRegex(daemon.output, new RegExp(TOKEN));
        t.is(daemon.output.match(problem)?.length, 1, daemon.output);
        await tell(node, {});
        await daemon.says(/\d+ (services )?listed/);
        await until('no problem in its status', async () =>
          when(!new RegExp(path).test(await status(node, program))),
        );
        await daemon.stop();
      }
    },
  );
}

kubeTest('a kubeconfig or a CA file that becomes right later is found without a restart', async (t) => {
  const kubeconfig = join(cluster.lab.dir, 'later');
  const right = await readFile(kubernetes.kubeconfig, 'utf8');
  t.true(right.includes(TOKEN));
  await writeFile(kubeconfig, right.replace(TOKEN, 'wrong'), { mode: 0o600 });
  const ca = join(gateway.host.dir, 'etc', 'openvswitch', 'k8s-ca.crt');
  await tell(gateway, {});
  await gateway.host.vsctl('remove', 'Open_vSwitch', '.', 'external_ids', 'k8s-ca-certificate');
  const watcher = await start(
    cluster.master,
    'ovn-k8s-watcher',
    '--overlay',
    '--pidfile',
    `--kubeconfig=${kubeconfig}`,
  );
  const helper = await startHelper();
  await watcher.says(/WARN.*401 Unauthorized/);
  await until('the problem in its status', async () =>
    when(/no CA to verify the server/.test(await status(gateway, 'ovn-k8s-gateway-helper'))),
  );
  const changed = performance.now();
  await copyFile(kubernetes.kubeconfig, kubeconfig);
  await copyFile(kubernetes.caFile, ca);
  await Promise.all([watcher.says(/pods: \d+ listed/), helper.says(/services listed/)]);
  t.log(`listed ${Math.round(performance.now() - changed)} ms later`);
  await until('no problem in its status', async () =>
    when(!/problem/.test(await status(cluster.master, 'ovn-k8s-watcher'))),
  );
  await rm(ca);
  await Promise.all([watcher.stop(), helper.stop()]);
});

kubeTest(
  'the watcher also takes its access from a kubeconfig, or from the account of its own Pod',
  async (t) => {
    const { host } = cluster.master;
    await tell(cluster.master, { 'k8s-api-server': '' });
    const unconfigured = await host.run('ovn-k8s-watcher', ['--overlay', '--pidfile']);
    t.is(unconfigured.exitCode, 1);
    t.regex(unconfigured.stderr, /external_ids:k8s-api-server is not set; run .*, or give --kubeconfig/);
    const program = [process.execPath, executable('ovn-k8s-watcher'), '--overlay', '--pidfile'];
    for (const argv of [
      [...program, `--kubeconfig=${kubernetes.kubeconfig}`],
      [...asInPod(kubernetes, ACCOUNT_TOKENS['ovn-k8s-watcher']), ...program],
    ]) {
      const watcher = host.net.spawn(argv);
      await watcher.says(/\/api\/v1\/pods: [1-9]\d* listed/);
      t.regex(watcher.output, new RegExp(`following ${new URL(kubernetes.url).origin}`));
      t.notRegex(watcher.output, /WARN\|.*\/api\/v1\//);
      await watcher.stop();
    }
  },
);

/** Rights that would let a node or the watcher's host take more than its own. */
const NEVER: Readonly<Record<string, readonly string[]>> = {
  'ovn-k8s-node': [
    ...['get pods', 'patch pods', 'patch pods/status', 'delete pods', 'create pods/exec', 'list secrets'],
    ...['get endpoints', 'patch nodes', 'patch services', 'patch services/status', 'create pods'],
  ],
  'ovn-k8s-watcher': [
    ...['patch pods', 'update pods', 'create pods', 'delete pods', 'create pods/exec', 'list secrets'],
    ...['patch nodes', 'patch services', 'patch endpoints', 'list events', 'patch events'],
  ],
};
kubeTest('the rights in packaging/kubernetes are no more than needed', async (t) => {
  for (const [account, rights] of Object.entries(NEVER)) {
    const as = `--as=system:serviceaccount:kube-system:${account}`;
    for (const right of rights)
      await t.throwsAsync(
        kubernetes.kubectl('auth', 'can-i', ...right.split(' '), as),
        undefined,
        `${account}: ${right}`,
      );
    t.is((await kubernetes.kubectl('auth', 'can-i', 'list', 'services', as)).trim(), 'yes');
    await t.throwsAsync(kubernetes.kubectl('get', 'secrets', as), { message: /secrets is forbidden/ });
  }
});

kubeTest('a token is read from its file and is in no output, at any level of the logs', async (t) => {
  const tokens = {
    master: ACCOUNT_TOKENS['ovn-k8s-watcher'],
    gw1: ACCOUNT_TOKENS['ovn-k8s-node'],
    wrong: 'test-wrong-token',
  };
  const files = { master: tokenFile(cluster.master), gw1: tokenFile(gateway) };
  for (const [label, node] of [
    ['master', cluster.master],
    ['gw1', gateway],
  ] as const) {
    await writeFile(files[label], tokens.wrong, { mode: 0o600 });
    await tell(node, { 'k8s-api-token-file': files[label] });
  }
  const verbose = ['-vdbg', '--log-file'];
  const watcher = await start(cluster.master, 'ovn-k8s-watcher', '--overlay', '--pidfile', ...verbose);
  const helper = await startHelper(...verbose);
  await Promise.all([watcher.says(/401 Unauthorized/), helper.says(/401 Unauthorized/)]);
  const shown: string[] = [];
  const look = async () => {
    for (const [program, { host }] of [
      ['ovn-k8s-watcher', cluster.master],
      ['ovn-k8s-gateway-helper', gateway],
    ] as const) {
      shown.push(
        await host.appctl('-t', program, 'status'),
        await host.appctl('-t', program, 'status', '--json'),
      );
      const pid = (await readFile(join(host.rundir, `${program}.pid`), 'utf8')).trim();
      for (const part of ['cmdline', 'environ']) shown.push(await readFile(`/proc/${pid}/${part}`, 'utf8'));
      shown.push(await readFile(join(host.rundir, `${program}.log`), 'utf8'));
    }
    const doctor = await gateway.host.run('ovn-k8s-util', ['doctor']);
    shown.push(doctor.stdout + doctor.stderr);
  };
  await look();
  for (const label of ['master', 'gw1'] as const) await writeFile(files[label], tokens[label]);
  await Promise.all([watcher.says(/pods: \d+ listed/), helper.says(/services listed/)]);
  await chmod(files.gw1, 0o644);
  await kubernetes.stopServer();
  await helper.says(/its mode 0644 gives it to other users; run chmod 600 /);
  await look();
  await kubernetes.startServer();
  await chmod(files.gw1, 0o600);
  await until('no problem in its status', async () =>
    when(!/problem/.test(await status(gateway, 'ovn-k8s-gateway-helper'))),
  );
  await look();
  await Promise.all([watcher.stop(), helper.stop()]);
  for (const { host } of [cluster.master, gateway])
    await host.vsctl('remove', 'Open_vSwitch', '.', 'external_ids', 'k8s-api-token-file');
  shown.push(watcher.output, helper.output);
  t.true(shown.every((text) => text !== ''));
  for (const token of [TOKEN, ...Object.values(tokens)]) t.false(shown.join('\n').includes(token), token);
});

kubeTest('the rights in packaging/kubernetes suffice for watcher, helper and plugin', async (t) => {
  await tell(cluster.master, { 'k8s-api-token': ACCOUNT_TOKENS['ovn-k8s-watcher'] });
  await tell(gateway, { 'k8s-api-token': ACCOUNT_TOKENS['ovn-k8s-node'] });
  const watcher = await startWatcher();
  const helper = await startHelper();
  await helper.says(/1 services listed|2 services listed/);
  const { ips } = await new CniPlugin(gateway.host).add({
    ...(await makeSandbox(cluster.lab, 'one')),
    pod: 'one',
  });
  t.regex(ips[0]?.address ?? '', /^10\.244\.2\./);
  t.notRegex(await status(cluster.master, 'ovn-k8s-watcher'), /problem/);
  for (const { output } of [watcher, helper]) t.notRegex(output, /40[13]|test-\w+-token/);
});

async function makeCa(): Promise<string> {
  const file = join(cluster.lab.dir, 'other-ca.pem');
  await cluster.master.host.exec([
    ...['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=other'],
    ...['-keyout', `${file}.key`, '-out', file],
  ]);
  return readFileSync(file, 'utf8').trim().replaceAll('\n', '\\\\n');
}

/** Sets `external_ids`, as an operator does; resets the other keys of the API server. */
async function tell({ host }: Node, ids: Record<string, string>): Promise<void> {
  const values = Object.entries(ids).map(([key, value]) => `external_ids:${key}="${value}"`);
  await host.vsctl('set', 'Open_vSwitch', '.', ...kubernetes.externalIds, ...values);
}

async function start({ host }: Node, program: string, ...args: readonly string[]): Promise<Running> {
  const running = host.spawn(program, args);
  // The control socket is there before the daemon registers its status.
  await until(`${program} to answer with its status`, async () =>
    when((await host.net.attempt(['ovs-appctl', '-t', program, 'status'])).exitCode === 0),
  );
  return running;
}

/** Starts a command as a container does: with the account's files where a Pod has them, in a mount namespace of its own. */
function asInPod({ url, caFile }: Kubernetes, token: string): string[] {
  const { hostname, port } = new URL(url);
  const account = '/run/secrets/kubernetes.io/serviceaccount';
  const prepare = `mount -t tmpfs none /run && mkdir -p ${account} && cp ${caFile} ${account}/ca.crt &&
    printf %s ${token} >${account}/token && exec "$@"`;
  return [
    ...['env', `KUBERNETES_SERVICE_HOST=${hostname}`, `KUBERNETES_SERVICE_PORT=${port}`],
    ...['unshare', '--mount', 'bash', '-c', prepare, '--'],
  ];
}

function startWatcher(): Promise<Running> {
  return start(cluster.master, 'ovn-k8s-watcher', '--overlay', '--pidfile');
}

function startHelper(...more: readonly string[]): Promise<Running> {
  const names = ['--physical-bridge=breth0', '--physical-interface=eth0'];
  return start(gateway, 'ovn-k8s-gateway-helper', ...names, '--pidfile', ...more);
}

function status({ host }: Node, program: string): Promise<string> {
  return host.appctl('-t', program, 'status');
}

function tokenFile({ host }: Node): string {
  return join(host.dir, 'etc', 'openvswitch', 'k8s-api.token');
}
