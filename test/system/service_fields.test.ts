import { join } from 'node:path';
import test from 'ava';
import { type Cluster, type Node, startCluster } from '../../lab/cluster.js';
import { startWatcher } from '../../lab/kube_cluster.js';
import { labTest } from '../../lab/lab_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, podOptions, startGatewayHelper, startNodeDaemon } from '../../lab/overlay.js';
import { PROJECT } from '../../lab/project.js';
import { targetsAt, untilAnswered } from '../../lab/service_cluster.js';
import { askTargets, serveTargets, type Target } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';
import { FakeApi } from '../kube/fake_api.js';

/**
 * Fields of services that Kubernetes 1.20 does not serve, on the wire. The API is the tests' own; all else is real. Each
 * node has a pod of its own name, which answers TCP and UDP in both families.
 */
let cluster: Cluster;
let api: FakeApi;
let master: Node;
let gateway: Node;
const pods = new Map<string, Pod>();

const SERVICES = '/api/v1/services';
const SLICES = '/apis/discovery.k8s.io/v1/endpointslices';
const NODES = '/api/v1/nodes';
const PORT = 9000;
const GATEWAYS = ['gw1', 'gw2'] as const;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['master', ...GATEWAYS] });
  master = cluster.master;
  gateway = cluster.node('gw1');
  await initCluster(cluster, GATEWAYS);
  await startApi();
  for (const label of GATEWAYS) await startGatewayHelper(cluster.node(label));
  await Promise.all(cluster.nodes.map((node) => startNodeDaemon(node)));
  await startWatcher(master);
  for (const [index, node] of cluster.nodes.entries())
    pods.set(node.host.label, await startPod(node, index + 1));
});
test.after.always(() => {
  cluster?.dispose();
  api?.close();
});

labTest('with internalTrafficPolicy Local each node has its own endpoint, in both families', async (t) => {
  setService('local', 10, { internalTrafficPolicy: 'Local' });
  setSlices('local', [{ pod: 'master' }, { pod: 'gw1' }]);
  for (const from of ['master', 'gw1']) await allAnswer(from, 10, from);
  setSlices('local', [{ pod: 'gw1' }]);
  await allAnswer('gw1', 10, 'gw1');
  await allAnswer('master', 10, 'silence');
  setSlices('local', []);
  for (const from of ['master', 'gw1']) await allAnswer(from, 10, 'refused');
  t.pass();
});

labTest('hints lead each node to the endpoint for its zone, until an endpoint has none', async (t) => {
  api.set('master', { metadata: { labels: { 'topology.kubernetes.io/zone': 'a' } } }, NODES);
  api.set('gw1', { metadata: { labels: { 'topology.kubernetes.io/zone': 'b' } } }, NODES);
  setService('near', 11, { trafficDistribution: 'PreferClose' });
  const hinted = (pod: string, zone: string) => ({ pod, hints: { forZones: [{ name: zone }] } });
  setSlices('near', [hinted('master', 'a'), hinted('gw1', 'b')]);
  for (const from of ['master', 'gw1']) {
    await allAnswer(from, 11, from);
    t.deepEqual([...new Set(await outcomes(from, 11, 10))], [from]);
  }
  // The zones change places.
  setSlices('near', [hinted('master', 'b'), hinted('gw1', 'a')]);
  await allAnswer('master', 11, 'gw1');
  await allAnswer('gw1', 11, 'master');
  setSlices('near', [{ pod: 'master' }, hinted('gw1', 'a')]);
  for (const from of ['master', 'gw1'])
    await until(`both endpoints from ${from}`, async () =>
      when(new Set(await outcomes(from, 11, 10)).size === 2),
    );
});

for (const kind of ['nodes', 'zones'] as const)
  labTest(
    `hints for ${kind} say which pod answers pods, hosts and the node port of each gateway`,
    async (t) => {
      const names = cluster.nodes.map(({ host }) => host.label);
      for (const name of names)
        api.set(name, { metadata: { labels: { 'topology.kubernetes.io/zone': `zone-${name}` } } }, NODES);
      const n = kind === 'nodes' ? 16 : 17;
      setService(kind, n, { type: 'NodePort' });
      // The pods are for the next node, and then for the one after it: none is for its own.
      for (const step of [1, 2]) {
        const hints = (index: number) => {
          const node = names[(index + names.length - step) % names.length] ?? '';
          // A hint for a node goes before one for a zone.
          return kind === 'zones'
            ? { forZones: [{ name: `zone-${node}` }] }
            : { forNodes: [{ name: node }], forZones: [{ name: 'zone-master' }] };
        };
        setSlices(
          kind,
          names.map((pod, index) => ({ pod, hints: hints(index) })),
        );
        for (const [index, name] of names.entries()) {
          const expected = names[(index + step) % names.length] ?? '';
          const { host, v4, v6 } = cluster.node(name);
          const inside = targetsAt(Object.values(vip(n)), 80);
          for (const from of [podOf(name).net, host.net])
            await untilAnswered(from, inside, ({ outcome }) => outcome === expected);
          if (name === 'master') continue;
          const nodePort = targetsAt([v4, v6], 30_000 + n);
          await untilAnswered(cluster.outside, nodePort, ({ outcome }) => outcome === expected);
          const many = await askTargets(cluster.outside, [...nodePort, ...nodePort, ...nodePort]);
          t.deepEqual([...new Set(many.map(({ outcome }) => outcome))], [expected], `node port of ${name}`);
        }
      }
    },
  );

labTest(
  'an endpoint that serves until it ends answers while no endpoint is ready, and no longer',
  async (t) => {
    setService('leaving', 12, {});
    const leaving = { pod: 'master', conditions: { ready: false, serving: true, terminating: true } };
    setSlices('leaving', [leaving, { pod: 'gw1', conditions: { ready: false, serving: false } }]);
    await allAnswer('gw1', 12, 'master');
    setSlices('leaving', [leaving, { pod: 'gw1' }]);
    await allAnswer('gw1', 12, 'gw1');
    t.deepEqual([...new Set(await outcomes('gw1', 12, 10))], ['gw1']);
  },
);

labTest("an ingress address with ipMode Proxy is not answered for; the service's node port is", async (t) => {
  const ingress = (ipMode: string) => ({ loadBalancer: { ingress: [{ ip: '203.0.113.85', ipMode }] } });
  const more = { type: 'LoadBalancer' };
  setSlices('proxy', [{ pod: 'master' }, { pod: 'gw1' }]);
  setService('proxy', 14, more, ingress('VIP'));
  const names = ['master', 'gw1'];
  const isAnswered = async (address: string, port: number) => {
    const [one] = await askTargets(cluster.outside, [{ protocol: 'tcp', address, port }]);
    return names.includes(one?.outcome ?? '');
  };
  await until('the ingress address', async () => when(await isAnswered('203.0.113.85', 80)));
  setService('proxy', 14, more, ingress('Proxy'));
  await cluster.outside.ip('neigh flush dev lan');
  await until('nobody at the ingress address', async () => when(!(await isAnswered('203.0.113.85', 80))));
  t.true(await isAnswered(gateway.v4, 30_014));
});

interface Pod {
  readonly net: Namespace;
  readonly v4: string;
  readonly v6: string;
}

interface SliceEndpoint {
  /** The node whose pod it is. */
  readonly pod: string;
  readonly conditions?: object;
  readonly hints?: object;
}

/** Serves the tests' API to the hosts, at a port of the master. */
async function startApi(): Promise<void> {
  const socket = join(master.host.dir, 'api.sock');
  api = await FakeApi.start(socket);
  api.hasSlices = true;
  const agent = join(PROJECT, 'lab/forward_agent.mjs');
  const forward = master.host.net.spawn([process.execPath, agent, '8001', socket]);
  await forward.says(/forwarding/);
  for (const { host } of cluster.nodes)
    await host.vsctl('set', 'Open_vSwitch', '.', `external_ids:k8s-api-server="http://${master.v4}:8001"`);
}

/** Starts a pod on node `n`, which answers with the node's name. */
async function startPod(node: Node, n: number): Promise<Pod> {
  const name = node.host.label;
  const options = podOptions(node, n, 5);
  const net = await cluster.pod(node, `pod-${name}`, options);
  const [v4 = '', v6 = ''] = options.addresses.map((address) => address.split('/')[0]);
  await serveTargets(net, name, PORT, [v4, v6]);
  return { net, v4, v6 };
}

function podOf(node: string): Pod {
  const pod = pods.get(node);
  if (pod === undefined) throw new Error(`node ${node} has no pod`);
  return pod;
}

/** Returns the cluster addresses of service `n`. */
function vip(n: number): Readonly<Record<4 | 6, string>> {
  return { 4: `10.96.0.${n}`, 6: `fd00:10:96::${n}` };
}

function setService(name: string, n: number, spec: object, status?: object): void {
  const ports = ['TCP', 'UDP'].map((protocol) => ({
    name: protocol,
    protocol,
    port: 80,
    nodePort: 30_000 + n,
  }));
  const clusterIPs = Object.values(vip(n));
  api.set(
    name,
    { spec: { clusterIP: clusterIPs[0], clusterIPs, ports, ...spec }, ...(status && { status }) },
    SERVICES,
  );
}

/** Replaces the endpoints of a service: a slice a family. */
function setSlices(service: string, endpoints: readonly SliceEndpoint[]): void {
  for (const family of ['v4', 'v6'] as const) {
    const slice = {
      metadata: { labels: { 'kubernetes.io/service-name': service } },
      addressType: family === 'v4' ? 'IPv4' : 'IPv6',
      ports: ['TCP', 'UDP'].map((protocol) => ({ name: protocol, protocol, port: PORT })),
      endpoints: endpoints.map(({ pod, ...more }) => ({
        addresses: [podOf(pod)[family]],
        nodeName: pod,
        ...more,
      })),
    };
    api.set(`${service}-${family}`, slice, SLICES);
  }
}

/** Asks service `n` over TCP and UDP in both families from the pod of a node, and returns what came of each. */
async function outcomes(from: string, n: number, times = 1): Promise<string[]> {
  const targets = (['tcp', 'udp'] as const).flatMap((protocol): Target[] =>
    Object.values(vip(n)).map((address) => ({ protocol, address, port: 80 })),
  );
  const all = Array.from({ length: times }, () => targets).flat();
  return (await askTargets(podOf(from).net, all)).map(({ outcome }) => outcome);
}

/** Waits until service `n` has one outcome from a node, over TCP and UDP in both families. */
async function allAnswer(from: string, n: number, outcome: string): Promise<void> {
  let last: readonly string[] = [];
  try {
    await until(`${outcome} from ${from}`, async () => {
      last = await outcomes(from, n);
      return when(last.every((one) => one === outcome));
    });
  } catch (cause) {
    throw new Error(`the outcomes are ${last.join()}`, { cause });
  }
}
