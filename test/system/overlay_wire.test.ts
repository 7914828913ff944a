import test from 'ava';
import { type Cluster, ROUTER } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import { cable } from '../../lab/link.js';
import { startLoneNode } from '../../lab/lone_node.js';
import { CLUSTER_SUBNET, gatewayInit, initCluster, overlay, overlayWell } from '../../lab/overlay.js';

let cluster: Cluster;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startLoneNode();
  const { host } = cluster.master;
  await initCluster(cluster);
  await cable({ in: host.net, name: 'eth1' }, { in: cluster.outside, name: 'second' });
  await cluster.outside.ip('addr add 192.0.2.1/24 dev second', 'addr add fe80::1/64 dev second nodad');
});
test.after.always(() => cluster?.dispose());

const again = (...more: readonly string[]) =>
  overlay(cluster.master, ...gatewayInit(cluster.master, '--timeout=2', ...more));

labTest(
  "a gateway's own addresses are not a conflict, although the host and the router both answer for them",
  async (t) => {
    const { host, v4, v6 } = cluster.master;
    await host.net.ip(`addr add ${v4}/24 dev breth0`, `addr add ${v6}/64 dev breth0 nodad`);
    for (const round of ['first', 'again']) {
      const { exitCode, stdout, stderr } = await again();
      t.is(exitCode, 0, `${round}: ${stderr}`);
      t.notRegex(stdout, /has it already|no answer/);
    }
  },
);

labTest('an address that another host has is refused; --force continues and reports it', async (t) => {
  const { v4, v6 } = cluster.master;
  for (const address of [`${v4}/24`, `${v6}/64`]) {
    await cluster.outside.ip(`addr add ${address} dev node${address.includes(':') ? ' nodad' : ''}`);
    const refused = await again();
    t.is(refused.exitCode, 1);
    t.regex(refused.stderr, /^ovn-k8s-overlay: --physical-ip=\S+: (\S+) on the network of breth0 has it/);
    t.is(refused.stderr.trimEnd().split('\n').length, 1);
    const forced = await again('--force');
    t.is(forced.exitCode, 0, forced.stderr);
    t.regex(forced.stdout, /^note: --physical-ip=\S+: \S+ on the network of breth0 has it already/m);
    await cluster.outside.ip(`addr del ${address} dev node`);
  }
});

labTest('a router that does not answer is refused; --force continues and reports it', async (t) => {
  await cluster.outside.ip(`addr del ${ROUTER.v6}/64 dev node`);
  const refused = await again();
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /--default-gw=2001:db8::1: no answer on breth0 within 2000 ms/);
  const forced = await again('--force');
  t.is(forced.exitCode, 0, forced.stderr);
  t.regex(forced.stdout, /^note: --default-gw=2001:db8::1: no answer/m);
  await cluster.outside.ip(`addr add ${ROUTER.v6}/64 dev node nodad`);
});

labTest('a dedicated NIC that is down is checked too, and stays down if the command refuses', async (t) => {
  const { host } = cluster.master;
  await overlayWell(cluster.master, 'gateway-deinit', '--node-name=node');
  await host.net.ip('link set eth1 down');
  const init = (...more: readonly string[]) =>
    overlay(
      cluster.master,
      ...['gateway-init', `--cluster-ip-subnet=${CLUSTER_SUBNET}`, '--node-name=node', '--timeout=2'],
      ...['--physical-interface=eth1', '--physical-ip=192.0.2.2/24,2001:db8:2::2/64', ...more],
    );
  const refused = await init('--default-gw=192.0.2.9');
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /--default-gw=192\.0\.2\.9: no answer on eth1/);
  t.regex(await host.net.exec(['cat', '/sys/class/net/eth1/operstate']), /down/);
  const { exitCode, stderr } = await init('--default-gw=192.0.2.1,fe80::1');
  t.is(exitCode, 0, stderr);
});
