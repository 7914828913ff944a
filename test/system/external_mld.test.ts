import test from 'ava';
import { type Cluster, type Node, ROUTER } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import { NEIGHBOUR_AGENT } from '../../lab/neighbour.js';
import { initCluster, podOptions, startGatewayHelper } from '../../lab/overlay.js';
import { until, when } from '../../lab/until.js';
import { answering, startWebServer } from '../../lab/web.js';

/** A network whose switch snoops MLD, as hardware switches and Linux bridges do by default (cilium#46274). */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateway: Node;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1'] }));
  const { master } = cluster;
  gateway = cluster.node('gw1');
  // Times in hundredths of a second; by default a membership ends after 260 s, and a query comes every 125 s.
  await cluster.outside.ip(
    `link set lan type bridge mcast_query_interval 50 mcast_query_response_interval 20 mcast_membership_interval ${MEMBERSHIP_MS / 10} mcast_last_member_interval 20 mcast_startup_query_interval 20 mcast_snooping 1 mcast_querier 1`,
  );
  await initCluster(cluster, ['gw1']);
  const options = podOptions(gateway, 2, 1);
  const pod = await cluster.pod(gateway, 'web', options);
  await startWebServer(pod, 8080, 'the pod');
  const pods = options.addresses.map((address) => ({ ip: address.split('/')[0] ?? '', node: 'gw1' }));
  await startGatewayHelper(gateway);
  await startWatcher(master);
  await kubernetes.apply(
    serviceManifest('web', { externalIPs: [SERVED], ports: [{ port: 80 }] }),
    endpointsManifest('web', { port: 8080 }, pods),
  );
});
test.after.always(() => cluster?.dispose());

const MEMBERSHIP_MS = 2_000;
/** Its last 24 bits are nobody else's, so no host is in its solicited-node group. */
const SERVED = '2001:db8::ab:cdef';
const GROUP = 'ff02::1:ffab:cdef';

/** Solicits the served address for 1 s, and returns how often, and which MACs answered. */
async function solicit(): Promise<{ macs: string[]; asked: number }> {
  return JSON.parse(await cluster.outside.exec([...NEIGHBOUR_AGENT, 'resolve', 'lan', SERVED, ROUTER.v6]));
}

/** Whether the switch knows that the gateway's port is in the group. */
async function isMember(): Promise<boolean> {
  return (await cluster.outside.exec(['bridge', 'mdb', 'show', 'dev', 'lan'])).includes(
    `port gw1 grp ${GROUP}`,
  );
}

kubeTest('a switch that snoops MLD brings solicitations for a served address at the first try', async (t) => {
  await until('the membership', async () => when(await isMember()));
  const { macs, asked } = await solicit();
  t.deepEqual([macs.length, asked], [1, 1]);
  t.deepEqual(await answering(cluster.outside, `http://[${SERVED}]/`, 1), ['the pod']);
});

kubeTest("the answers to the switch's queries keep the membership beyond its time", async (t) => {
  const end = performance.now() + 2 * MEMBERSHIP_MS;
  await until('two membership times', async () => {
    t.true(await isMember());
    return when(performance.now() > end);
  });
  const { macs, asked } = await solicit();
  t.deepEqual([macs.length, asked], [1, 1]);
});

kubeTest('the group is left with the service, and joined again', async (t) => {
  await kubernetes.kubectl('delete', 'service', 'web');
  await until('the end of the membership', async () => when(!(await isMember())));
  await kubernetes.apply(serviceManifest('web', { externalIPs: [SERVED], ports: [{ port: 80 }] }));
  await until('the membership', async () => when(await isMember()));
  t.is((await solicit()).macs.length, 1);
});

kubeTest(
  'without a helper the switch keeps solicitations back, and a restarted helper joins at once',
  async (t) => {
    await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
    await until('the end of the membership', async () => when(!(await isMember())));
    t.deepEqual((await solicit()).macs, [], 'the switch snoops');
    await startGatewayHelper(gateway);
    await until('the membership', async () => when(await isMember()));
    t.is((await solicit()).macs.length, 1);
  },
);
