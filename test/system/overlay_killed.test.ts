import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import { cable } from '../../lab/link.js';
import { startLoneNode } from '../../lab/lone_node.js';
import type { Outcome } from '../../lab/namespace.js';
import {
  CLUSTER_SUBNET,
  gatewayInit,
  initCluster,
  northboundContents,
  overlayWell,
} from '../../lab/overlay.js';
import { executable, PROJECT } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';

/** Commands that are killed before each of their changes. No daemon acts on the database. */
let cluster: Cluster;
let node: Node;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startLoneNode();
  node = cluster.master;
  await cable({ in: node.host.net, name: 'eth1' }, { in: cluster.outside, name: 'node-1' });
  await node.host.net.ip('addr add 192.0.2.9/24 dev eth1', 'addr add 2001:db8:9::9/64 dev eth1 nodad');
  await initCluster(cluster);
});
test.after.always(() => cluster?.dispose());

const DEINIT = ['gateway-deinit', '--node-name=node'];
const KINDS: readonly (readonly [name: string, init: () => readonly string[], changes: number])[] = [
  ['a shared NIC', () => gatewayInit(node, '--reserve-host-ports'), 6],
  [
    'a dedicated NIC',
    () => [
      ...['gateway-init', `--cluster-ip-subnet=${CLUSTER_SUBNET}`, '--node-name=node'],
      ...['--physical-interface=eth1', '--physical-ip=192.0.2.50/24,2001:db8:9::50/64'],
    ],
    6,
  ],
];

for (const [name, init, changes] of KINDS) {
  labTest(
    `gateway-init of ${name}, killed before any of its changes, is completed by a second run`,
    async (t) => {
      const [before, args] = [await state(), init()];
      t.is(countOf(await run(args)), changes);
      const whole = await state();
      t.notDeepEqual(whole, before);
      await overlayWell(node, ...DEINIT);
      t.deepEqual(await state(), before);
      for (let at = 1; at <= changes; at++) {
        await killed(t, args, at);
        await overlayWell(node, ...args);
        t.deepEqual(await state(), whole, `killed before change ${at}`);
        await overlayWell(node, ...DEINIT);
        t.deepEqual(await state(), before, `killed before change ${at}, and undone`);
      }
    },
  );

  labTest(
    `gateway-init of ${name}, killed before any of its changes, is undone by gateway-deinit`,
    async (t) => {
      const [before, args] = [await state(), init()];
      for (let at = 1; at <= changes; at++) {
        await killed(t, args, at);
        await overlayWell(node, ...DEINIT);
        t.deepEqual(await state(), before, `killed before change ${at}`);
      }
    },
  );

  labTest(
    `gateway-deinit of ${name}, killed before any of its changes, is completed by a second run`,
    async (t) => {
      const [before, args] = [await state(), init()];
      await overlayWell(node, ...args);
      const undone = countOf(await run(DEINIT));
      t.true(undone >= 4, `${undone} changes`);
      for (let at = 1; at <= undone; at++) {
        await overlayWell(node, ...args);
        await killed(t, DEINIT, at);
        await overlayWell(node, ...DEINIT);
        t.deepEqual(await state(), before, `killed before change ${at}`);
      }
    },
  );
}

labTest(
  'gateway-init that returns ports to the host, killed before any of its changes, is completed by a second run',
  async (t) => {
    const [before, narrow, wide] = [
      await state(),
      gatewayInit(node, '--reserve-host-ports'),
      gatewayInit(node),
    ];
    await overlayWell(node, ...narrow);
    const changes = countOf(await run(wide));
    t.true(changes >= 6, `${changes} changes`);
    const whole = await state();
    for (let at = 1; at <= changes; at++) {
      await overlayWell(node, ...narrow);
      await killed(t, wide, at);
      await overlayWell(node, ...wide);
      t.deepEqual(await state(), whole, `killed before change ${at}`);
    }
    await overlayWell(node, ...DEINIT);
    t.deepEqual(await state(), before);
  },
);

for (const [name, init, changes] of KINDS)
  labTest(
    `gateway-init of ${name} with --confirm is taken back unless it is confirmed, also after kill -9`,
    async (t) => {
      const [before, args] = [await state(), [...init(), '--confirm=1']];
      t.is((await run(args)).exitCode, 0);
      await isTakenBack(t, before, 'not confirmed');
      // Three more changes write the record and start the process that waits.
      const killed = await run(args, changes + 3);
      t.is(killed.exitCode, -1, killed.stderr);
      await isTakenBack(t, before, 'killed before its last change');

      await overlayWell(node, ...init(), '--confirm=600');
      const again = await node.host.run('ovn-k8s-overlay', init());
      t.regex(again.stderr, /^ovn-k8s-overlay: gateway-init node is not confirmed: run ovn-k8s-util confirm/);
      t.is((await node.host.run('ovn-k8s-util', ['confirm'])).stdout, 'confirmed: gateway-init node');
      const third = await node.host.run('ovn-k8s-overlay', [...init(), '--confirm=600']);
      t.regex(third.stderr, /^ovn-k8s-overlay: node is a gateway already, and --confirm would remove it/);
      if (name === 'a shared NIC') {
        const away = await node.host.run('ovn-k8s-util', ['bridge-to-nics', 'breth0']);
        t.is(away.exitCode, 1);
        t.regex(
          away.stderr,
          /breth0 is that of gateway node, which would be lost; run ovn-k8s-overlay gateway-deinit/,
        );
      }
      await overlayWell(node, ...DEINIT);
      t.deepEqual(await state(), before);
    },
  );

labTest(
  "what gateway-init did to the host is taken back although OVN's database is away, and the rest once it is back",
  async (t) => {
    const { host } = node;
    const before = await state();
    await overlayWell(node, ...gatewayInit(node), '--confirm=2');
    const remote = await host.vsctl('get', 'Open_vSwitch', '.', 'external_ids:ovn-nb');
    await host.vsctl('set', 'Open_vSwitch', '.', `external_ids:ovn-nb="unix:${host.dir}/none"`);
    const { northbound: _, ...local } = before;
    await until(
      'the host without its gateway',
      async () => {
        const { northbound: __, ...now } = await state();
        return when(isDeepStrictEqual(now, local));
      },
      30_000,
    );
    t.notDeepEqual(await state(), before);
    await host.vsctl('set', 'Open_vSwitch', '.', `external_ids:ovn-nb=${remote}`);
    await isTakenBack(t, before, 'the database is back');
  },
);

async function isTakenBack(t: ExecutionContext, before: object, what: string): Promise<void> {
  const file = join(node.host.statedir, 'unconfirmed.json');
  await until(`the way back: ${what}`, () => when(!existsSync(file)), 30_000);
  t.deepEqual(await state(), before, what);
}

/** Runs a command that prints its changes, and kills it before change `at`. */
function run(args: readonly string[], at = 0): Promise<Outcome> {
  const preload = `--import=${join(PROJECT, 'lab/kill_before.mjs')}`;
  return node.host.net.attempt([
    ...['env', `KILL_BEFORE=${at}`, process.execPath, preload, executable('ovn-k8s-overlay'), ...args],
  ]);
}

async function killed(t: ExecutionContext, args: readonly string[], at: number): Promise<void> {
  const outcome = await run(args, at);
  t.is(outcome.stdout, '');
  t.is(countOf(outcome), at, outcome.stderr);
}

function countOf({ stderr }: Outcome): number {
  return stderr.match(/^change \d+: /gm)?.length ?? 0;
}

/** Returns everything that the commands change, without the rows' `_uuid`. */
async function state(): Promise<Readonly<Record<string, unknown>>> {
  const { host } = node;
  const rows = async (table: string, columns: string) =>
    JSON.parse(await host.vsctl('--format=json', `--columns=${columns}`, 'list', table)).data.sort();
  return {
    northbound: await northboundContents(cluster),
    bridges: await rows('Bridge', 'name,fail_mode,external_ids'),
    interfaces: await rows('Interface', 'name,type,options,external_ids'),
    sysctls: await host.exec(['sysctl', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_local_reserved_ports']),
    kept: await host.exec(['grep', '-rs', '', '/etc/sysctl.d']).catch(() => 'nothing'),
    addresses: await host.exec(['ip', '-br', 'addr', 'show', 'dev', 'eth1']),
    guards: await host.exec(['nft', 'list', 'ruleset']),
  };
}
