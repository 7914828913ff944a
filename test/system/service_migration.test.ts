import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { startKubePod } from '../../lab/kube_pod.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, startGatewayHelper } from '../../lab/overlay.js';
import type { Running } from '../../lab/running.js';
import { Session } from '../../lab/session.js';
import { until, when } from '../../lab/until.js';

/** The watcher replaces the load balancers of ovn-kubernetes' overlay mode while connections go through them. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateway: Node;
let watcher: Running;
let pods: readonly Pod[];
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1'], isDualStack: true }));
  const { master } = cluster;
  gateway = cluster.node('gw1');
  await initCluster(cluster, ['gw1']);
  await startGatewayHelper(gateway);
  watcher = await startWatcher(master);
  pods = await Promise.all([startPod(master, 'pod-1'), startPod(gateway, 'pod-2')]);
});
test.after.always(() => cluster?.dispose());

const PORT = 8080;
const SERVICES = [
  { name: 'tcp', protocol: 'tcp', clusterIP: '10.96.0.40', nodePort: 30_040 },
  { name: 'udp', protocol: 'udp', clusterIP: '10.96.0.41', nodePort: 30_041 },
  { name: 'tcp6', protocol: 'tcp', clusterIP: 'fd00:10:96::40', nodePort: 30_043 },
  { name: 'udp6', protocol: 'udp', clusterIP: 'fd00:10:96::41', nodePort: 30_044 },
  { name: 'own', protocol: 'tcp', clusterIP: '10.96.0.42', nodePort: 30_042, policy: 'Local' },
] as const;

kubeTest(
  'connections to ClusterIPs and node ports go on while rows of earlier versions are replaced',
  async (t) => {
    for (const { name, protocol, clusterIP, nodePort, ...more } of SERVICES) {
      const isSix = clusterIP.includes(':');
      const endpoints = pods.map(({ addresses, node }) => ({
        ip: addresses.find((ip) => ip.includes(':') === isSix) ?? '',
        node: node.host.label,
      }));
      const ipFamilies = [isSix ? 'IPv6' : 'IPv4'];
      const policy = 'policy' in more ? { externalTrafficPolicy: more.policy } : {};
      const port = { port: PORT, protocol: protocol.toUpperCase() };
      await kubernetes.apply(
        serviceManifest(name, {
          type: 'NodePort',
          clusterIP,
          ipFamilies,
          ports: [{ ...port, nodePort }],
          ...policy,
        }),
        endpointsManifest(name, port, endpoints),
      );
    }
    await until('a row for each service and scope', async () =>
      when((await rowsOfTests()).length === 2 * SERVICES.length),
    );
    await watcher.stop();
    await makeOriginal();
    await cluster.settled();
    const [client] = pods;
    if (client === undefined) throw new Error('there is no pod');
    const ways = SERVICES.flatMap(({ protocol, clusterIP, nodePort }) => [
      { from: client.net, to: { address: clusterIP, port: PORT, protocol } },
      {
        from: cluster.outside,
        to: { address: clusterIP.includes(':') ? gateway.v6 : gateway.v4, port: nodePort, protocol },
      },
    ]);
    const sessions: Session[] = [];
    for (const { from, to } of ways) sessions.push(await opened(from, to));

    watcher = await startWatcher(cluster.master);
    await until('the original rows to be gone', async () =>
      when(!(await rows()).some(({ name }) => name === '')),
    );
    await cluster.settled();
    // New connections work too. Until they are busy, the others send some 20 packets by the new rows.
    for (const { from, to } of ways) await (await opened(from, to)).close();
    t.deepEqual(await rowsOfTests(), [
      'Service_default/own_TCP_GR_gw1',
      'Service_default/own_TCP_cluster',
      'Service_default/tcp6_TCP_GR_gw1',
      'Service_default/tcp6_TCP_cluster',
      'Service_default/tcp_TCP_GR_gw1',
      'Service_default/tcp_TCP_cluster',
      'Service_default/udp6_UDP_GR_gw1',
      'Service_default/udp6_UDP_cluster',
      'Service_default/udp_UDP_GR_gw1',
      'Service_default/udp_UDP_cluster',
    ]);
    t.regex(
      await cluster.master.host.appctl('-t', 'ovn-k8s-watcher', 'status'),
      /transactions 1, failures 0/,
    );
    const reports = await Promise.all(sessions.map((session) => session.close()));
    for (const [i, { alive, sent, answered, longestGapMs }] of reports.entries()) {
      const { address, port, protocol } = ways[i]?.to ?? {};
      const gap = `the longest gap ${Math.round(longestGapMs)} ms`;
      t.log(`${protocol} ${address}:${port}: ${sent} sent, ${answered} answered, ${gap}`);
      t.true(alive && sent > 40);
      // A busy machine loses some datagrams itself; a flow that is cut off loses all that follow.
      t.true(sent - answered <= (protocol === 'udp' ? sent / 50 : 0));
    }
    t.deepEqual(await cluster.crashes(), []);
  },
);

interface Pod {
  readonly node: Node;
  readonly net: Namespace;
  /** Its addresses, of both families. */
  readonly addresses: readonly string[];
}

async function startPod(node: Node, name: string): Promise<Pod> {
  const { net, addresses } = await startKubePod({ cluster, kubernetes }, node, name);
  await Session.serve(net, PORT);
  return { node, net, addresses };
}

let localPort = 40_000;

/** Opens a session that is busy; tries again, since the first packet through a cold tunnel is lost. */
function opened(from: Namespace, to: Parameters<typeof Session.join>[1]): Promise<Session> {
  return until(`a session with ${to.address}`, async () => {
    localPort += 1;
    const session = await Session.join(from, to, localPort).catch(() => undefined);
    await session?.busy();
    return session;
  });
}

interface Row {
  readonly uuid: string;
  readonly name: string;
  readonly protocol: string;
  readonly vips: readonly (readonly [vip: string, targets: string])[];
  readonly groups: readonly unknown[];
}

async function rows(): Promise<Row[]> {
  const list = async (table: string, columns: string) => {
    const text = await cluster.nbctl('--format=json', `--columns=${columns}`, 'list', table);
    return (JSON.parse(text) as { data: unknown[][] }).data;
  };
  const groups = await list('Load_Balancer_Group', 'name,load_balancer');
  return (await list('Load_Balancer', '_uuid,name,protocol,vips')).map(([id, name, protocol, map]) => {
    const [, uuid] = id as readonly ['uuid', string];
    const [, vips] = map as readonly ['map', readonly (readonly [string, string])[]];
    const holding = groups.filter(([, members]) => JSON.stringify(members).includes(uuid));
    return {
      uuid,
      name: String(name),
      protocol: String(protocol),
      vips,
      groups: holding.map(([one]) => one),
    };
  });
}

/** Returns the names of the rows of the tests' services, sorted. */
async function rowsOfTests(): Promise<string[]> {
  const found = (await rows()).map(({ name }) => name);
  return found.filter((name) => /default\/(tcp6?|udp6?|own)_/.test(name)).toSorted();
}

/**
 * Turns the rows into those of earlier versions: one a protocol for all switches and one for each gateway router, found
 * by their keys, and a row without a name for the node port of a service with policy Local.
 */
async function makeOriginal(): Promise<void> {
  const all = await rows();
  const isOwn = ({ name }: Row) => name === 'Service_default/own_TCP_GR_gw1';
  const commands: string[][] = [];
  for (const [group, key, holders] of [
    ['k8s-cluster', (one: string) => `k8s-cluster-lb-${one}=yes`, ['master', 'gw1']],
    ['GR_gw1', (one: string) => `${one.toUpperCase()}_lb_gateway_router=GR_gw1`, ['GR_gw1']],
  ] as const)
    for (const protocol of ['tcp', 'udp']) {
      const shared = all.filter(
        (row) => row.groups.includes(group) && row.protocol === protocol && !isOwn(row),
      );
      const vips = shared.flatMap((row) => row.vips.map(([vip, targets]) => `"${vip}"="${targets}"`));
      const id = `@${group.replace('-', '_')}_${protocol}`;
      commands.push(
        [
          `--id=${id}`,
          'create',
          'Load_Balancer',
          `protocol=${protocol}`,
          `vips={${vips.join()}}`,
          `external_ids:${key(protocol)}`,
        ],
        ...holders.map((holder) => ['add', tableOf(holder), holder, 'load_balancer', id]),
      );
    }
  for (const row of all)
    if (isOwn(row))
      commands.push(
        ['set', 'Load_Balancer', row.uuid, 'name=""'],
        ['add', 'Logical_Router', 'GR_gw1', 'load_balancer', row.uuid],
      );
    else commands.push(['destroy', 'Load_Balancer', row.uuid]);
  for (const holder of ['master', 'gw1', 'GR_gw1'])
    commands.push(['clear', tableOf(holder), holder, 'load_balancer_group']);
  commands.push(['--all', 'destroy', 'Load_Balancer_Group']);
  await cluster.nbctl(...commands.flatMap((command) => ['--', ...command]));
}

function tableOf(holder: string): string {
  return holder.startsWith('GR_') ? 'Logical_Router' : 'Logical_Switch';
}
