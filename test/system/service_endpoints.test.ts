import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FAR, type Node, ROUTER } from '../../lab/cluster.js';
import { coolTunnels } from '../../lab/cold_tunnels.js';
import { kubeTest } from '../../lab/kube_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { startGatewayHelper, startNodeDaemon } from '../../lab/overlay.js';
import { ServiceCluster, targetsAt, untilAnswered } from '../../lab/service_cluster.js';
import { TaggingSwitch } from '../../lab/tagging_switch.js';
import { Taps } from '../../lab/taps.js';
import { askTargets, serveTargets, type TargetAnswer } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';

/** What clients outside reach by the gateways: two gateways, a node that is none, pods and hosts on each. */
let lab: ServiceCluster;
let gateways: readonly Node[];
const PODS = ['pod-master', 'pod-gw1', 'pod-gw2'] as const;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  lab = await ServiceCluster.start(['master', 'gw1', 'gw2'], ['gw1', 'gw2']);
  gateways = [lab.cluster.node('gw1'), lab.cluster.node('gw2')];
  for (const [index, pod] of PODS.entries()) {
    await lab.serve(pod, 81 + index, { type: 'NodePort' }, [pod]);
    await lab.clusterIps(pod);
  }
  // Kubernetes requires it of a node, and node ports of a node that is no gateway need it.
  const forwarding = { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 };
  await lab.cluster.master.host.net.sysctl(forwarding);
  await lab.serveOutside('far', 8088, [FAR.v4, FAR.v6]);
  await lab.serveOutside('router', 8089, [ROUTER.v4, ROUTER.v6]);
  for (const [name, port, servers] of OUTSIDE)
    await lab.serve(name, port, { type: 'NodePort', externalIPs: externalOf(port) }, servers);
});
test.after.always(() => lab?.cluster.dispose());

for (const lost of ['first packet', 'first answer'] as const)
  kubeTest(`a client outside whose ${lost} is lost is answered by the same socket`, async (t) => {
    for (const pod of PODS) await lose(lab.server(pod).net, lost);
    const targets = PODS.flatMap((pod, index) =>
      gateways.flatMap(({ v4, v6 }) =>
        targetsAt([v4, v6], 30_081 + index).map((target) => ({ ...target, pod })),
      ),
    );
    const answers = await askTargets(lab.cluster.outside, targets, { attemptMs: 5000 });
    for (const [index, { outcome, attempts }] of answers.entries()) {
      const { pod, address, protocol } = targets[index] ?? {};
      t.deepEqual({ outcome, attempts }, { outcome: pod, attempts: 1 }, `${protocol} ${address} of ${pod}`);
    }
    for (const pod of PODS) {
      const { net } = lab.server(pod);
      t.is(await countLost(net), targets.length / PODS.length);
      await net.exec(['nft', 'delete', 'table', 'inet', 'lossy']);
    }
  });

const HOSTS: readonly (readonly [name: string, port: number, servers: readonly string[]])[] = [
  ['another-host', 84, ['host-master']],
  ['own-host', 85, ['host-gw1']],
  ['hosts-and-pod', 86, ['host-master', 'host-gw1', 'host-gw2', 'pod-gw2']],
];

for (const [name, port, servers] of HOSTS)
  kubeTest(`clients outside reach ${servers.join(', ')} at node ports and an external address`, async (t) => {
    const external = externalOf(port);
    await lab.serve(name, port, { type: 'NodePort', externalIPs: external }, servers);
    const targets = [
      ...gateways.flatMap(({ v4, v6 }) => targetsAt([v4, v6], 30_000 + port)),
      ...targetsAt(external, port),
    ];
    await untilAnswered(lab.cluster.outside, targets, ({ outcome }) => servers.includes(outcome));
    t.pass();
  });

kubeTest(
  "with policy Local the gateway's own host sees the client's address, whatever rp_filter is",
  async (t) => {
    const spec = { type: 'NodePort', externalTrafficPolicy: 'Local' };
    await lab.serve('local-host', 87, spec, ['host-gw1']);
    const [own, other] = [lab.cluster.node('gw1'), lab.cluster.node('gw2')];
    const clients: readonly (string | undefined)[] = [ROUTER.v4, ROUTER.v6];
    for (const filter of [0, 1, 2]) {
      await own.host.net.sysctl({ 'net.ipv4.conf.all.rp_filter': filter });
      await restartNodeDaemon(own);
      const isRight = ({ outcome, client }: TargetAnswer) =>
        outcome === 'host-gw1' && clients.includes(client);
      await untilAnswered(lab.cluster.outside, targetsAt([own.v4, own.v6], 30_087), isRight);
    }
    const elsewhere = await askTargets(lab.cluster.outside, targetsAt([other.v4, other.v6], 30_087));
    t.deepEqual(new Set(elsewhere.map(({ outcome }) => outcome)), new Set(['silence']));
  },
);

kubeTest('first connections through cold tunnels are all answered by the same socket', async (t) => {
  const { outside } = lab.cluster;
  // A pod on the gateway itself needs no tunnel.
  const targets = PODS.flatMap((pod, index) =>
    gateways
      .filter(({ host }) => pod !== `pod-${host.label}`)
      .flatMap(({ v4, v6 }) => targetsAt([v4, v6], 30_081 + index).map((target) => ({ ...target, pod }))),
  );
  for (const round of [1, 2, 3]) {
    await countAsked(outside);
    const warm = await coolTunnels(lab.cluster);
    const asking = askTargets(outside, targets, { attemptMs: 5000 });
    const ofProtocol = targets.length / 2;
    await until('all first packets', async () =>
      when((await asked(outside)).every((packets) => packets >= ofProtocol)),
    );
    await warm();
    for (const [index, { outcome, attempts }] of (await asking).entries()) {
      const { pod, address, protocol } = targets[index] ?? {};
      t.deepEqual({ outcome, attempts }, { outcome: pod, attempts: 1 }, `${protocol} ${address} of ${pod}`);
    }
    const sent = await asked(outside);
    t.log(`round ${round}: ${targets.length} connections, ${sent} packets until they were answered`);
    for (const packets of sent) t.true(packets >= 2 * ofProtocol, 'every first packet is lost');
  }
});

const OUTSIDE: readonly (readonly [name: string, port: number, servers: readonly string[]])[] = [
  ['far-host', 90, ['far']],
  ['router-and-pod', 91, ['router', 'pod-gw1']],
];

for (const mode of ['conntrack', 'port-range'] as const)
  kubeTest(`mode ${mode}: every client reaches endpoints outside the cluster, at each address`, async (t) => {
    for (const gateway of gateways) await restartHelper(gateway, `--demux=${mode}`);
    for (const [name, port, servers] of OUTSIDE) {
      const ips = await lab.clusterIps(name);
      const fromOutside = [
        ...gateways.flatMap(({ v4, v6 }) => targetsAt([v4, v6], 30_000 + port)),
        ...targetsAt(externalOf(port), port),
      ];
      const { outside, nodes } = lab.cluster;
      const masters = targetsAt([lab.cluster.master.v4, lab.cluster.master.v6], 30_000 + port);
      const isRight = ({ outcome }: TargetAnswer) => servers.includes(outcome);
      await untilAnswered(
        outside,
        [...fromOutside, ...masters],
        (answer) => isRight(answer) && isMasked(answer),
      );
      for (const { host } of nodes)
        for (const net of [host.net, lab.server(`pod-${host.label}`).net])
          await untilAnswered(net, [...fromOutside, ...masters, ...targetsAt(ips, port)], isRight);
    }
    t.pass();
  });

kubeTest('a client outside that is an endpoint too is answered, and refused, as any other', async (t) => {
  await lab.serve('nobody', 92, { type: 'NodePort', externalIPs: externalOf(92) }, []);
  const nobody = [
    ...gateways.flatMap(({ v4, v6 }) => targetsAt([v4, v6], 30_092)),
    ...targetsAt(externalOf(92), 92),
  ];
  await untilAnswered(lab.cluster.outside, nobody, ({ outcome }) => outcome === 'refused');
  for (const [index, pod] of PODS.entries()) {
    const targets = gateways.flatMap(({ v4, v6 }) => targetsAt([v4, v6], 30_081 + index));
    await untilAnswered(lab.cluster.outside, targets, ({ outcome }) => outcome === pod);
  }
  t.pass();
});

kubeTest('with policy Local no client outside reaches endpoints outside the cluster', async (t) => {
  await lab.serve('local-far', 93, { type: 'NodePort', externalTrafficPolicy: 'Local' }, ['far']);
  const ips = await lab.clusterIps('local-far');
  await untilAnswered(lab.server('pod-gw1').net, targetsAt(ips, 93), ({ outcome }) => outcome === 'far');
  const targets = gateways.flatMap(({ v4, v6 }) => targetsAt([v4, v6], 30_093));
  await untilAnswered(lab.cluster.outside, targets, ({ outcome }) => outcome === 'silence');
  t.pass();
});

kubeTest('clients, neighbours and answers whose frames have a priority tag are served', async (t) => {
  const { cluster } = lab;
  const gw2 = cluster.node('gw2');
  const provider = await TaggingSwitch.between(cluster, gw2);
  const server = await serveTargets(cluster.outside, 'outside', 9000, [ROUTER.v4, ROUTER.v6]);
  const taps = await Taps.open(gw2.host.net, ['eth0']);
  for (const [priority, tag] of [
    [3, '81006000'],
    [0, '81000000'],
  ] as const) {
    await provider.tag(priority);
    // The gateway router asks for the router again, and gets a tagged answer.
    await cluster.master.host.exec(['ovn-sbctl', '--all', 'destroy', 'MAC_Binding']);
    for (const [index, pod] of PODS.entries())
      await untilAnswered(
        cluster.outside,
        targetsAt([gw2.v4, gw2.v6], 30_081 + index),
        ({ outcome }) => outcome === pod,
      );
    await untilAnswered(
      lab.server('pod-gw2').net,
      targetsAt([ROUTER.v4, ROUTER.v6], 9000),
      ({ outcome }) => outcome === 'outside',
    );
    await t.notThrowsAsync(taps.arrived('eth0', Buffer.from(tag, 'hex')));
  }
  await server.stop();
});

kubeTest('no packet of a gateway router was dropped at the bridge', async (t) => {
  for (const { host } of gateways)
    t.regex(await host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show'), /^pod-drop +0\b/m);
  for (const crash of await lab.cluster.crashes()) t.log(crash);
});

kubeTest(
  "pods of every living node reach the API server's ClusterIP when the first gateway is dead",
  async (t) => {
    const { kubernetes, cluster } = lab;
    const ports = [{ name: 'https', port: 6443, protocol: 'TCP' }];
    const subsets = [{ addresses: [{ ip: cluster.master.v4 }], ports }];
    const metadata = { name: 'kubernetes', namespace: 'default' };
    await kubernetes.apply({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
    await cluster.node('gw1').host.killSwitch();
    for (const pod of ['pod-master', 'pod-gw2'])
      await until(`${pod} to reach the API server`, async () => {
        const { exitCode } = await lab
          .server(pod)
          .net.attempt(['timeout', '2', 'bash', '-c', '</dev/tcp/10.96.0.1/443']);
        return when(exitCode === 0);
      });
    t.pass();
  },
);

const ASKED = ['tcp flags & (syn | ack) == syn tcp', 'udp'].map(
  (match) => `${match} dport 30081-30083 counter`,
);

/** Starts to count the packets that open a connection to a node port, with those that are sent again. */
async function countAsked(outside: Namespace): Promise<void> {
  const chain = ['chain asked {', 'type filter hook output priority 0;', ...ASKED, '}'];
  const rules = ['table inet asked', 'delete table inet asked', 'table inet asked {', ...chain, '}'];
  await outside.exec(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
}

/** Returns how many were sent over TCP, and over UDP. */
async function asked(outside: Namespace): Promise<readonly number[]> {
  return packetsIn(await outside.exec(['nft', 'list', 'table', 'inet', 'asked']));
}

function externalOf(last: number): readonly string[] {
  return [`203.0.113.${last}`, `2001:db8::${last}`];
}

/** Returns whether a server outside saw a gateway as its client; a pod may see the client itself. */
function isMasked({ outcome, client }: TargetAnswer): boolean {
  return outcome.startsWith('pod-') || gateways.some(({ v4, v6 }) => client === v4 || client === v6);
}

async function restartHelper(gateway: Node, ...options: readonly string[]): Promise<void> {
  const { host } = gateway;
  await host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
  const pidfile = join(host.rundir, 'ovn-k8s-gateway-helper.pid');
  await until('the helper to end', () => when(!existsSync(pidfile)));
  await startGatewayHelper(gateway, ...options);
}

/** The daemon looks at `rp_filter` when it starts, and once a minute. */
async function restartNodeDaemon(node: Node): Promise<void> {
  const { host } = node;
  await host.appctl('-t', 'ovn-k8s-node', 'exit');
  const pidfile = join(host.rundir, 'ovn-k8s-node.pid');
  await until('the daemon to end', () => when(!existsSync(pidfile)));
  await startNodeDaemon(node);
}

/** Makes a pod lose the first packet from each port of its clients, or its first answer to each. */
async function lose(pod: Namespace, what: 'first packet' | 'first answer'): Promise<void> {
  const [hook, own, peer] =
    what === 'first packet' ? ['input', 'dport', 'sport'] : ['output', 'sport', 'dport'];
  const flags = what === 'first packet' ? 'syn' : '(syn | ack)';
  const rule = (match: string, protocol: string) =>
    `${match} ${protocol} ${peer} != @seen_${protocol} add @seen_${protocol} { ${protocol} ${peer} } counter drop`;
  const rules = [
    'table inet lossy',
    'delete table inet lossy',
    'table inet lossy {',
    ...['tcp', 'udp'].map((one) => `set seen_${one} { type inet_service; flags dynamic; }`),
    `chain lossy { type filter hook ${hook} priority 0;`,
    rule(`tcp ${own} 8080 tcp flags & (syn | ack) == ${flags}`, 'tcp'),
    rule(`udp ${own} 8080`, 'udp'),
    '}',
    '}',
  ];
  await pod.exec(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
}

/** Returns how many packets {@link lose} has dropped. */
async function countLost(pod: Namespace): Promise<number> {
  const rules = await pod.exec(['nft', 'list', 'chain', 'inet', 'lossy', 'lossy']);
  return packetsIn(rules).reduce((sum, packets) => sum + packets, 0);
}

function packetsIn(rules: string): number[] {
  return [...rules.matchAll(/packets (\d+)/g)].map(([, packets]) => Number(packets));
}
