import test from 'ava';
import { startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { hashesIpv6 } from '../../lab/ovn_release.js';
import { ServiceCluster, targetsAt, untilAnswered } from '../../lab/service_cluster.js';
import { Session } from '../../lab/session.js';
import { askTargets, serveTargets, type Target } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';

/** `sessionAffinity: ClientIP`: a gateway, a node that is none, and clients with many addresses outside. */
let lab: ServiceCluster;
const PODS = ['pod-master', 'pod-gw1'] as const;
const CLIENTS = Array.from({ length: 24 }, (_, i) => 100 + i);
const STICKY = { type: 'NodePort', sessionAffinity: 'ClientIP' };
/** One packet a socket: a lost first one is not made good by a second. */
const ONCE = { attemptMs: 900, againMs: 900 };

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  lab = await ServiceCluster.start(['master', 'gw1'], ['gw1']);
  const { outside } = lab.cluster;
  await outside.ip(
    ...CLIENTS.flatMap((n) => [
      `addr add ${clientAddress(4, n)}/24 dev lan`,
      `addr add ${clientAddress(6, n)}/64 dev lan nodad`,
    ]),
  );
  for (const [i, pod] of PODS.entries()) {
    const { net, name, port, ips } = lab.addBeside(pod, `${pod}-too`, 9001 + i);
    await serveTargets(net, name, port, ips);
    await Session.serve(net, lab.addBeside(pod, `${pod}-session`, 7000).port);
  }
});
test.after.always(async (t) => {
  for (const crash of (await lab?.cluster.crashes()) ?? []) t.log(crash);
  lab?.cluster.dispose();
});

kubeTest(
  'with sessionAffinity a client is answered at its first connection, and keeps its endpoint',
  async (t) => {
    // The first packets to a node are lost while switches learn the ways, with affinity or without.
    const warm = await asked('warm', 83, { type: 'NodePort' });
    for (const [from, targets] of warm)
      await untilAnswered(from, targets, ({ outcome, attempts }) => isPod(outcome) && attempts === 1);
    // A busy machine can delay a packet itself, but not for each of three services.
    let late: string[] = [];
    for (const port of [85, 90, 91]) {
      late = [];
      for (const [from, targets] of await asked(`sticky-${port}`, port, STICKY))
        for (const target of targets) {
          const what = `${from.name}: ${target.protocol} ${target.address}`;
          const [first] = await askTargets(from, [target], ONCE);
          if (first?.attempts !== 1) late.push(`${what}: ${JSON.stringify(first)}`);
          t.true(isPod(first?.outcome), what);
          const later = await askTargets(from, Array<Target>(20).fill(target));
          t.deepEqual([...new Set(later.map(({ outcome }) => outcome))], [first?.outcome], what);
        }
      if (late.length === 0) break;
    }
    t.deepEqual(late, []);
  },
);

kubeTest(
  'clients with affinity are spread, and when an endpoint leaves or comes few of them move',
  async (t) => {
    const four = [...PODS, ...PODS.map((pod) => `${pod}-too`)];
    await lab.serve('spread', 86, STICKY, four);
    await lab.clusterIps('spread');
    const before = await settled(four);
    for (const name of four) t.true(before.includes(name), `${name} has no client: ${before.join()}`);
    const last = (await orderAt(lab.cluster.node('gw1').v4)).at(-1);

    await lab.moveTo('spread', four.slice(1));
    const without = await settled(four.slice(1));
    for (const [i, name] of without.entries())
      if (before[i] !== four[0] && before[i] !== last) t.is(name, before[i] ?? '');

    await lab.moveTo('spread', four);
    const again = await settled(four);
    for (const [i, name] of again.entries()) if (name !== four[0]) t.is(name, without[i] ?? '');
  },
);

kubeTest('IPv6 clients behind one router are spread where OVN can hash their addresses', async (t) => {
  await lab.serve('six', 87, STICKY, PODS);
  await lab.clusterIps('six');
  const { v6 } = lab.cluster.node('gw1');
  await untilAnswered(lab.cluster.outside, fromClients(6, v6, 87), ({ outcome }) => isPod(outcome));
  const answers = await askTargets(lab.cluster.outside, fromClients(6, v6, 87));
  t.is(new Set(answers.map(({ outcome }) => outcome)).size, hashesIpv6() ? 2 : 1);
});

kubeTest(
  'connections go on while rows with affinity_timeout, of an earlier version, are replaced',
  async (t) => {
    const { cluster } = lab;
    const { host } = cluster.master;
    // No client is an endpoint: with affinity_timeout, OVN 23.03 can give a pod that reaches itself the node port's address
    // instead of the ClusterIP, and such a connection ends with the row.
    await lab.serve('session', 88, STICKY, ['pod-master-session']);
    const ips = await lab.clusterIps('session');
    await host.appctl('-t', 'ovn-k8s-watcher', 'exit');
    const former = await rowsOf('session');
    for (const [uuid] of former) await makeFormer(uuid);
    await cluster.settled();
    const gateway = cluster.node('gw1');
    const ways = [
      ...ips.map((address) => ({ from: lab.server('pod-gw1').net, address, port: 88 })),
      ...[gateway.v4, gateway.v6].map((address) => ({ from: cluster.outside, address, port: 30_088 })),
    ];
    const sessions: Session[] = [];
    for (const { from, ...to } of ways) sessions.push(await opened(from, to));
    await startWatcher(cluster.master);
    await until('the rows of this version', async () => {
      const rows = await rowsOf('session');
      return when(rows.length === former.length && rows.every(([, fields]) => fields !== ''));
    });
    await cluster.settled();
    // Until these four are busy, the others send some 80 packets by the new rows. The last few can still be on their way.
    for (const { from, ...to } of ways) await (await opened(from, to)).close();
    for (const session of sessions) {
      const { alive, sent, answered } = await session.close();
      t.true(alive && sent - answered < 20, `${sent} sent, ${answered} answered`);
    }
  },
);

kubeTest('clients of a node port at a node that is no gateway have one endpoint', async (t) => {
  const { master, outside } = lab.cluster;
  await master.host.net.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
  await lab.serve('plain-node', 89, STICKY, PODS);
  await lab.clusterIps('plain-node');
  for (const [family, address] of [
    [4, master.v4],
    [6, master.v6],
  ] as const) {
    const targets = fromClients(family, address, 89);
    await untilAnswered(outside, targets, ({ outcome }) => isPod(outcome));
    t.is(new Set((await askTargets(outside, targets)).map(({ outcome }) => outcome)).size, 1);
  }
});

/** Returns the rows of a service: their uuids, and the fields by which OVN chooses. */
async function rowsOf(service: string): Promise<(readonly [uuid: string, fields: string])[]> {
  const text = await lab.cluster.nbctl(
    ...['--format=csv', '--no-headings', '--columns=_uuid,selection_fields', 'find', 'Load_Balancer'],
    `external_ids:k8s-service=default/${service}`,
  );
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => [line.slice(0, 36), line.slice(37).replace('[]', '')]);
}

/** Makes of a row what an earlier version of the watcher wrote. */
async function makeFormer(uuid: string): Promise<void> {
  const text = await lab.cluster.nbctl('get', 'Load_Balancer', uuid, 'external_ids:k8s-balancer');
  const [scope, protocol, service]: readonly unknown[] = JSON.parse(JSON.parse(text));
  const options = { affinity_timeout: '10800', reject: 'true' };
  const former = JSON.stringify(JSON.stringify([scope, protocol, service, Object.entries(options)]));
  await lab.cluster.nbctl(
    ...['clear', 'Load_Balancer', uuid, 'selection_fields', 'options'],
    ...['--', 'set', 'Load_Balancer', uuid, 'options:affinity_timeout=10800', 'options:reject=true'],
    `external_ids:k8s-balancer=${former}`,
  );
}

let localPort = 40_000;

/** Opens a session that is busy; tries again, since OVN drops the first packets of a client that it has to learn. */
function opened(from: Namespace, to: { readonly address: string; readonly port: number }): Promise<Session> {
  return until(
    `a session with ${to.address}`,
    async () => {
      localPort += 1;
      const session = await Session.join(from, to, localPort).catch(() => undefined);
      await session?.busy();
      return session;
    },
    30_000,
  );
}

/** Returns the pods, hosts and the outside, each with the targets that it asks at the addresses of a new service. */
async function asked(name: string, port: number, spec: object): Promise<[from: Namespace, Target[]][]> {
  await lab.serve(name, port, spec, PODS);
  const inCluster = targetsAt(await lab.clusterIps(name), port);
  const { cluster } = lab;
  const gateway = cluster.node('gw1');
  return [
    ...PODS.map((pod): [Namespace, Target[]] => [lab.server(pod).net, inCluster]),
    ...cluster.nodes.map(({ host }): [Namespace, Target[]] => [host.net, inCluster]),
    [cluster.outside, targetsAt([gateway.v4, gateway.v6], 30_000 + port)],
  ];
}

/** Waits until clients outside reach these servers only; returns the server of each client. */
async function settled(servers: readonly string[]): Promise<string[]> {
  await until(`${servers.length} endpoints at the gateway`, async () =>
    when((await orderAt(lab.cluster.node('gw1').v4)).length === servers.length),
  );
  await lab.cluster.settled();
  const { outside } = lab.cluster;
  const targets = fromClients(4, lab.cluster.node('gw1').v4, 86);
  await untilAnswered(outside, targets, ({ outcome }) => servers.includes(outcome));
  return (await askTargets(outside, targets)).map(({ outcome }) => outcome);
}

/** Returns the endpoints of service `spread` at a gateway's address in OVN's order, by the servers' names. */
async function orderAt(address: string): Promise<string[]> {
  const rows = await lab.cluster.nbctl('--bare', '--columns=vips', 'find', 'Load_Balancer', 'protocol=tcp');
  const found = new RegExp(`(?:^|\\s)${address}:30086=(\\S*)`).exec(rows)?.[1] ?? '';
  const names = [...PODS, ...PODS.map((pod) => `${pod}-too`)];
  return found.split(',').flatMap((target) => names.filter((name) => target === endpointOf(name)));
}

function endpointOf(name: string): string {
  const { ips, port } = lab.server(name);
  return `${ips[0]}:${port}`;
}

function fromClients(family: 4 | 6, address: string, port: number): Target[] {
  return CLIENTS.map((n) => ({
    protocol: 'tcp',
    address,
    port: 30_000 + port,
    from: clientAddress(family, n),
  }));
}

function clientAddress(family: 4 | 6, n: number): string {
  return family === 4 ? `203.0.113.${n}` : `2001:db8::1:${n}`;
}

function isPod(outcome: string | undefined): boolean {
  return PODS.some((pod) => pod === outcome);
}
