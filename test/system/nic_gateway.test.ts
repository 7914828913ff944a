import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { changes, EDGE, type Edge, inventory, ROUTER, startEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';
import type { Outcome } from '../../lab/namespace.js';
import { executable } from '../../lab/project.js';

const THERE = ['nics-to-bridge', 'eth0', '--timeout=1'];
const BACK = ['bridge-to-nics', 'breth0', '--timeout=1'];
const SILENCE =
  'table netdev silent { chain ingress { type filter hook ingress device lan priority 0; policy drop; }; }\n';

labTest('a move is undone if a gateway falls silent during it, in either direction', async (t) => {
  const edge = await begin(t);
  const before = await inventory(edge.host.net, 'eth0');
  const there = await silencedDuring(edge, THERE);
  t.is(there.exitCode, 1);
  t.regex(
    there.stderr,
    /step 12, check that 203\.0\.113\.1, 2001:db8::1 answers on breth0, failed: default gateway \S+ answered before the move and does not on breth0, in 1000 ms; everything is as it was\n?$/,
  );
  await isReachable(t, edge);
  t.deepEqual(changes(before, await inventory(edge.host.net, 'eth0')), []);
  t.is(await edge.host.vsctl('list-br'), '');
  t.is((await edge.host.net.exec(['nft', 'list', 'ruleset'])).trim(), '');

  t.is((await edge.host.run('ovn-k8s-util', THERE)).exitCode, 0);
  const back = await silencedDuring(edge, BACK);
  t.is(back.exitCode, 1);
  t.regex(back.stderr, /does not on eth0, in 1000 ms; everything is as it was\n?$/);
  await isReachable(t, edge);
  t.deepEqual(changes(before, await inventory(edge.host.net, 'breth0')), []);
});

labTest('a note has the answer of each gateway and its echo, or that a gateway never answered', async (t) => {
  const edge = await begin(t);
  const there = await edge.host.run('ovn-k8s-util', THERE);
  t.is(there.exitCode, 0, there.stderr);
  for (const address of [ROUTER.v4, ROUTER.v6])
    t.regex(
      there.stdout,
      new RegExp(`^note: ${address} answers on breth0 after [\\d.]+ ms, an echo after [\\d.]+ ms$`, 'm'),
    );
  await silence(edge);
  const back = await edge.host.run('ovn-k8s-util', BACK);
  t.is(back.exitCode, 0, back.stderr);
  for (const address of [ROUTER.v4, ROUTER.v6])
    t.regex(
      back.stdout,
      new RegExp(`^note: default gateway ${address} did not answer on breth0 before the move$`, 'm'),
    );
});

labTest('gateways that are link-local or outside of every subnet are resolved too', async (t) => {
  const { host, router } = await begin(t);
  await router.ip('addr add fe80::1/64 dev lan nodad', 'addr add 192.0.2.1/32 dev lan');
  await host.net.ip(
    `route del default via ${ROUTER.v4} dev eth0`,
    `route del default via ${ROUTER.v6} dev eth0`,
    'route add default via 192.0.2.1 dev eth0 onlink',
    'route add default via fe80::1 dev eth0',
  );
  const { exitCode, stdout, stderr } = await host.run('ovn-k8s-util', THERE);
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^note: 192\.0\.2\.1 answers on breth0 /m);
  t.regex(stdout, /^note: fe80::1 answers on breth0 after [\d.]+ ms, an echo/m);
});

labTest('without CAP_NET_RAW the NIC moves, and a note says that no gateway was asked', async (t) => {
  const { host } = await begin(t);
  const argv = ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw', process.execPath];
  const { exitCode, stdout, stderr } = await host.net.attempt([
    ...argv,
    executable('ovn-k8s-util'),
    ...THERE,
  ]);
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^note: default gateway .* could not be asked before the move: .*CAP_NET_RAW/m);
});

async function begin(t: ExecutionContext): Promise<Edge> {
  const edge = await startEdge();
  t.teardown(() => edge.lab.dispose());
  return edge;
}

/** Runs the move; the router receives nothing from the move's first change of an nft rule on. */
async function silencedDuring({ host, router }: Edge, args: readonly string[]): Promise<Outcome> {
  const dir = join(host.dir, 'silencing');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'rules'), `table netdev silent\ndelete table netdev silent\n${SILENCE}`);
  const path = host.net.env.PATH ?? '';
  writeFileSync(
    join(dir, 'nft'),
    `#!/bin/sh\nPATH="${path}"\ncase "$*" in '-f -') ip netns exec ${router.name} nft -f ${dir}/rules </dev/null ;; esac\nexec nft "$@"\n`,
    { mode: 0o755 },
  );
  return host.net.attempt([
    ...['env', `PATH=${dir}:${path}`],
    ...[process.execPath, executable('ovn-k8s-util'), ...args],
  ]);
}

async function silence({ router }: Edge): Promise<void> {
  await router.exec(['nft', '-f', '-'], { input: SILENCE });
}

async function isReachable(t: ExecutionContext, { router }: Edge): Promise<void> {
  await router.exec(['nft', 'delete', 'table', 'netdev', 'silent']);
  for (const address of [EDGE.v4, EDGE.v6])
    t.is((await router.attempt(['ping', '-c3', '-i0.2', '-W1', address])).exitCode, 0, address);
}
