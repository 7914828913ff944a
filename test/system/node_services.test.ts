import { join } from 'node:path';
import test from 'ava';
import { type Cluster, type Node, ROUTER } from '../../lab/cluster.js';
import type { Host } from '../../lab/host.js';
import { ACCOUNT_TOKENS, type Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { nodeManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { NodeServices, type ServingPod, tableOf } from '../../lab/node_services.js';
import {
  cniDirectories,
  initCluster,
  overlayWell,
  startGatewayHelper,
  startNodeDaemon,
} from '../../lab/overlay.js';
import { PROJECT } from '../../lab/project.js';
import { targetsAt, untilAnswered } from '../../lab/service_cluster.js';
import { askTargets, serveTargets, type Target } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';

/**
 * What ovn-k8s-node does for hosts, on a real API server in both families: `gw1` has a shared NIC, `master` and `n1` are
 * no gateways. Servers of hosts listen on the addresses of their NIC only.
 */
const EXTERNAL = ['203.0.113.80', '2001:db8::80'];
const PORTS = { pods: 30_080, master: 30_090, gw1: 30_091, n1: 30_092 };
const HOST_PORT = 8088;
const FOREIGN = 'table inet foreign { chain output { type nat hook output priority -100; policy accept; }; }';
const PROTOCOLS = ['tcp', 'udp'] as const;
const TCP = { protocol: 'tcp' } as const;

/** The table of another program on each host, as nft prints it. */
const foreign = new Map<string, string>();

let cluster: Cluster;
let kubernetes: Kubernetes;
let master: Node;
let gateway: Node;
let node: Node;
let services: NodeServices;
let pods: readonly ServingPod[];

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1', 'n1'], isDualStack: true }));
  ({ master } = cluster);
  services = new NodeServices(cluster, kubernetes);
  gateway = cluster.node('gw1');
  node = cluster.node('n1');
  await initCluster(cluster, ['gw1']);
  await kubernetes.kubectl('apply', '-f', join(PROJECT, 'packaging/kubernetes/rbac.yaml'));
  for (const { host } of cluster.nodes) {
    await host.net.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
    await host.exec(['nft', '-f', '-'], { input: `${FOREIGN}\n` });
    foreign.set(host.label, await foreignTable(host));
  }
  await startWatcher(master);
  for (const { host } of [gateway, node])
    await host.vsctl(
      ...['set', 'Open_vSwitch', '.', `external_ids:k8s-api-token="${ACCOUNT_TOKENS['ovn-k8s-node']}"`],
    );
  await startGatewayHelper(gateway);
  for (const one of cluster.nodes) await startNodeDaemon(one);
  await services.countServiceFrames();

  await kubernetes.apply(...cluster.nodes.map(({ host, v4, v6 }) => nodeManifest(host.label, v4, v6)));
  const hostPort = {
    containers: [{ name: 'main', image: 'none', ports: [{ containerPort: 8080, hostPort: HOST_PORT }] }],
  };
  pods = [await services.startPod(gateway, 'web-gw1', {}), await services.startPod(node, 'web-n1', hostPort)];
  await services.serve('pods', { externalIPs: EXTERNAL, nodePort: PORTS.pods }, 8080, podEndpoints());
  for (const one of cluster.nodes) {
    await serveTargets(one.host.net, one.host.label, 9090, [one.v4, one.v6]);
    await services.serve(
      one.host.label,
      { nodePort: PORTS[one.host.label as keyof typeof PORTS] },
      9090,
      hostEndpoints(one),
    );
  }
  await services.everyNodeTranslates(2 * 2 * 4);
  await cluster.settled();
});
test.after.always(() => cluster?.dispose());

for (const label of ['master', 'gw1', 'n1'] as const)
  kubeTest(
    `from the host of ${label}, each service answers at each of its addresses and at all nodes`,
    async (t) => {
      const { net } = cluster.node(label).host;
      await allAnswer(t, net, [...servicesInside(), ...externalAddresses(), ...allNodePorts()]);
    },
  );

kubeTest('from pods, each node port answers at all nodes', async (t) => {
  for (const { net } of pods) await allAnswer(t, net, [...servicesInside(), ...allNodePorts()]);
});

kubeTest('from outside, each node port answers at all nodes, gateway or not', async (t) => {
  await allAnswer(t, cluster.outside, [...externalAddresses(), ...allNodePorts()]);
});

kubeTest('no frame to an address of a service has left a host by its NIC', async (t) => {
  // Nor does one to an address that no service has.
  const nobody = targetsAt(['10.96.77.77', 'fd00:10:96::7777'], 80);
  const clients = [...cluster.nodes.map(({ host }) => host.net), ...pods.map(({ net }) => net)];
  const answers = (await Promise.all(clients.map((net) => askTargets(net, nobody)))).flat();
  t.deepEqual([...new Set(answers.map(({ outcome }) => outcome))], ['silence']);
  const json = JSON.parse(await cluster.outside.exec(['nft', '-j', 'list', 'counters']));
  const counters = (json.nftables as { counter?: { name: string; packets: number } }[]).flatMap(
    ({ counter }) => counter ?? [],
  );
  t.deepEqual(
    counters.map(({ name, packets }) => `${name} ${packets}`),
    ['to_services 0'],
  );
});

kubeTest(
  "a host port answers at its node's addresses, for the host itself, other hosts, pods and outside",
  async (t) => {
    const targets = PROTOCOLS.filter((one) => one === 'tcp').flatMap((protocol) =>
      [node.v4, node.v6].map((address) => ({ what: 'web-n1', protocol, address, port: HOST_PORT })),
    );
    const clients = [
      ...cluster.nodes.map(({ host }) => host.net),
      ...pods.map(({ net }) => net),
      cluster.outside,
    ];
    for (const net of clients) await allAnswer(t, net, targets);
  },
);

kubeTest('a host port with hostIP answers at that address of its node only, over TCP and UDP', async (t) => {
  const second = '203.0.113.98';
  await node.host.net.ip(`addr add ${second}/24 dev breth0`);
  const at = { [node.v4]: 8090, [node.v6]: 8091, [second]: 8092 };
  const ports = Object.entries(at).flatMap(([hostIP, hostPort]) =>
    ['TCP', 'UDP'].map((protocol) => ({ containerPort: 8080, hostPort, hostIP, protocol })),
  );
  const narrow = await services.startPod(node, 'narrow', {
    containers: [{ name: 'main', image: 'none', ports }],
  });
  const asked = (isThere: boolean) =>
    Object.keys(at).flatMap((address) =>
      Object.entries(at)
        .filter(([hostIp]) => (hostIp === address) === isThere)
        .flatMap(([, port]) => targetsAt([address], port)),
    );
  const hosts = cluster.nodes.map(({ host }) => host.net);
  for (const net of [cluster.outside, ...hosts, narrow.net, ...pods.map((pod) => pod.net)]) {
    await untilAnswered(net, asked(true), ({ outcome }) => outcome === 'narrow');
    t.deepEqual(namesOf(await askTargets(net, asked(false))), ['refused'], net.name);
  }
  await node.host.net.ip(`addr del ${second}/24 dev breth0`);
});

kubeTest('with policy Local, outside reaches endpoints of the node only, and hosts reach all', async (t) => {
  const spec = { externalTrafficPolicy: 'Local', nodePort: 30_100 };
  await services.serve('local', spec, 8080, podEndpoints());
  const at = ({ v4, v6 }: Node) =>
    [v4, v6].map((address) => ({ protocol: 'tcp' as const, address, port: 30_100 }));
  await until('the service at n1', async () => {
    const [one] = await askTargets(cluster.outside, at(node));
    return when(one?.outcome === 'web-n1');
  });
  const many = Array.from({ length: 10 }, () => at(node)).flat();
  t.deepEqual(namesOf(await askTargets(cluster.outside, many)), ['web-n1']);
  t.deepEqual(namesOf(await askTargets(node.host.net, many)), ['web-gw1', 'web-n1']);
  t.deepEqual(namesOf(await askTargets(master.host.net, [...many, ...at(gateway)])), ['web-gw1', 'web-n1']);
  t.deepEqual(namesOf(await askTargets(cluster.outside, at(master))), ['silence'], 'no endpoint there');
});

kubeTest("with policy Local, a gateway's own host as endpoint sees the client's address", async (t) => {
  await services.serve(
    'local-host',
    { externalTrafficPolicy: 'Local', nodePort: 30_101 },
    9090,
    hostEndpoints(gateway),
  );
  const targets = PROTOCOLS.flatMap((protocol) =>
    [gateway.v4, gateway.v6].map((address) => ({ protocol, address, port: 30_101 })),
  );
  const answers = await until('answers', async () => {
    const found = await askTargets(cluster.outside, targets);
    return found.every(({ outcome }) => outcome === 'gw1') ? found : undefined;
  });
  t.deepEqual(
    answers.map(({ client }) => client),
    [ROUTER.v4, ROUTER.v6, ROUTER.v4, ROUTER.v6],
  );
});

kubeTest('source ranges restrict clients outside at a node that is no gateway, and no host', async (t) => {
  const spec = { type: 'LoadBalancer', nodePort: 30_102, loadBalancerSourceRanges: ['192.0.2.0/24'] };
  await services.serve('ranges', spec, 8080, podEndpoints());
  const at = [node.v4, node.v6].map((address) => ({ protocol: 'tcp' as const, address, port: 30_102 }));
  await until('hosts', async () => when(isAnswered(await askTargets(node.host.net, at))));
  t.deepEqual(namesOf(await askTargets(cluster.outside, at)), ['silence']);
  await services.serve(
    'ranges',
    { ...spec, loadBalancerSourceRanges: [`${ROUTER.v4}/32`, '2001:db8::/64'] },
    8080,
    podEndpoints(),
  );
  await until('the outside', async () => when(isAnswered(await askTargets(cluster.outside, at))));
});

kubeTest('a Local load balancer has a health check: 200 where an endpoint is, 503 elsewhere', async (t) => {
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', nodePort: 30_103 };
  const endpoints = podEndpoints().filter((one) => one.node === 'n1');
  await services.serve('checked', { ...spec, healthCheckNodePort: 32_100 }, 8080, endpoints);
  const fetched = (address: string) =>
    cluster.outside.attempt([
      ...[process.execPath, '--eval'],
      `fetch('http://${address}:32100/').then(async (r) => console.log(r.status, await r.text()))`,
    ]);
  for (const { host, v4, v6 } of cluster.nodes)
    for (const address of [v4, `[${v6}]`]) {
      const isHere = host.label === 'n1';
      const answer = await until(`the health check at ${address}`, async () => {
        const { stdout } = await fetched(address);
        return stdout.startsWith(isHere ? '200' : '503') ? stdout : undefined;
      });
      t.regex(answer, /"namespace":"default","name":"checked"\},"localEndpoints":\d/);
      t.regex(answer, isHere ? /"localEndpoints":1/ : /"localEndpoints":0/);
    }
});

kubeTest('routes come back when somebody deletes them, or the link goes down', async (t) => {
  const { net } = node.host;
  const targets = servicesInside();
  await net.ip('route del 10.96.0.0/16', 'route del fd00:10:96::/112');
  const haveRoutes = async () => {
    const v4 = await net.exec(['ip', 'route', 'show', '10.96.0.0/16']);
    const v6 = await net.exec(['ip', '-6', 'route', 'show', 'fd00:10:96::/112']);
    return when(v4.includes('k8s-n1') && v6.includes('k8s-n1'));
  };
  await until('the routes', haveRoutes);
  await allAnswer(t, net, targets);
  await net.ip('link set k8s-n1 down');
  await until('the routes', haveRoutes);
  await net.ip('rule del priority 6400');
  await until('the rule', async () => when((await net.exec(['ip', 'rule'])).includes('lookup 6400')));
  await allAnswer(t, net, targets);
});

kubeTest(
  'node ports answer within 1 s after another program flushed all tables, or replaced them',
  async (t) => {
    const { net } = node.host;
    const tables = (await net.exec(['nft', 'list', 'tables'])).replaceAll('table ', '').split('\n');
    const others = tables.filter((one) => !one.endsWith(' ovn-k8s-node'));
    const lists = await Promise.all(
      others.map((one) => net.exec(['nft', 'list', 'table', ...one.split(' ')])),
    );
    const restored = `${lists.join('\n')}\n`;
    const scripts = {
      flush: ['flush ruleset\n', restored],
      replacement: [`flush ruleset\n${restored}`],
      deletion: ['delete table inet ovn-k8s-node\n'],
    };
    const targets = [node.v4, node.v6].map((address) => ({ ...TCP, address, port: PORTS.pods }));
    for (const [what, transactions] of Object.entries(scripts)) {
      const took: number[] = [];
      // The machine of a test may be busy for a second, but not three times.
      for (let turn = 0; turn < 3; turn++) {
        const began = performance.now();
        for (const input of transactions) await net.exec(['nft', '-f', '-'], { input });
        await until('answers', async () => when(isAnswered(await askTargets(net, targets))));
        took.push(performance.now() - began);
      }
      const times = `${what}: ${took.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}`;
      t.log(times);
      t.true(Math.min(...took) < 1_000, times);
    }
    await allAnswer(t, net, [...externalAddresses(), ...allNodePorts()]);
    t.is(await foreignTable(node.host), foreign.get('n1') ?? '');
  },
);

kubeTest(
  "a program's changes of its own rules, and the daemon's of elements, do not keep the daemon busy",
  async (t) => {
    const { net } = node.host;
    const totals = async () =>
      JSON.parse(await node.host.appctl('-t', 'ovn-k8s-node', 'status', '--json')).totals;
    const before = await totals();
    const chain = 'inet foreign output';
    const input = Array.from({ length: 200 }, () => `add rule ${chain} accept\n`);
    for (const one of input) await net.exec(['nft', '-f', '-'], { input: one });
    await net.exec(['nft', 'flush', 'chain', ...chain.split(' ')]);
    const after = await totals();
    t.is(after.transactions, before.transactions);
    t.true(after.looks - before.looks < 50, `${after.looks - before.looks} steps`);
  },
);

kubeTest('an address that comes answers node ports, also from pods, until it goes', async (t) => {
  const { net } = node.host;
  const second = '203.0.113.99';
  const targets: Asked[] = [{ what: 'pods', protocol: 'tcp', address: second, port: PORTS.pods }];
  await net.ip(`addr add ${second}/24 dev breth0`);
  const asking = [cluster.outside, net, ...pods.map((one) => one.net)];
  for (const from of asking)
    await until(`an answer at ${second}`, async () => when(isAnswered(await askTargets(from, targets))));
  await net.ip(`addr del ${second}/24 dev breth0`);
  await until('the address to be gone', async () => {
    const set = await net.exec(['nft', 'list', 'set', 'inet', 'ovn-k8s-node', 'own4']);
    return when(!set.includes(second));
  });
  t.pass();
});

kubeTest(
  'a restarted daemon sends nothing to the kernel, and the tables of others are as they were',
  async (t) => {
    for (const { host } of cluster.nodes) {
      const before = await until('the address that went to be in no set', async () => {
        const table = await tableOf(host);
        return table.join().includes('203.0.113.99') ? undefined : table;
      });
      await host.appctl('-t', 'ovn-k8s-node', 'exit');
      await startNodeDaemon(cluster.node(host.label));
      const status = await until('the daemon to know the services', async () => {
        const found = JSON.parse(await host.appctl('-t', 'ovn-k8s-node', 'status', '--json'));
        return found.synced && found.counts.nodePorts > 0 && found.totals.looks > 3 ? found : undefined;
      });
      t.is(status.totals.transactions, 0, host.label);
      t.deepEqual(await tableOf(host), before);
      t.deepEqual(status.problems, []);
      t.is(await foreignTable(host), foreign.get(host.label) ?? '');
    }
  },
);

kubeTest(
  'an external address that a speaker put on the host answers there, for the host and for outside',
  async (t) => {
    const address = '203.0.113.90';
    const target: Asked[] = [{ what: 'pods', protocol: 'tcp', address, port: 80 }];
    await node.host.net.ip(`addr add ${address}/32 dev lo`);
    await services.serve('spoken', { externalIPs: [address], nodePort: 30_104 }, 8080, podEndpoints());
    await node.host.appctl('-t', 'ovn-k8s-node', 'exit');
    await startNodeDaemon(node, '--external-address-owner=speaker', `--external-ip-cidrs=${address}/32`);
    for (const from of [node.host.net, cluster.outside])
      await until(`an answer at ${address}`, async () => when(isAnswered(await askTargets(from, target))));
    t.pass();
  },
);

kubeTest('with --node-ports=gateways a node without a gateway answers no node port', async (t) => {
  const targets = [node.v4, node.v6].map((address) => ({
    protocol: 'tcp' as const,
    address,
    port: PORTS.pods,
  }));
  await node.host.appctl('-t', 'ovn-k8s-node', 'exit');
  await startNodeDaemon(node, '--node-ports=gateways');
  await until('n1 to refuse', async () =>
    when(namesOf(await askTargets(cluster.outside, targets)).join() === 'refused'),
  );
  await allAnswer(t, node.host.net, servicesInside());
});

kubeTest('minion-deinit removes table, rules and routes, and the daemon puts nothing back', async (t) => {
  const { host } = node;
  await overlayWell(node, 'minion-deinit', '--node-name=n1', ...cniDirectories(node));
  const left = async () => {
    const texts = await Promise.all(
      [
        ['nft', 'list', 'tables'],
        ['ip', 'rule'],
        ['ip', '-6', 'rule'],
        ['ip', 'route', 'show', 'table', 'all'],
      ].map((argv) => host.exec(argv)),
    );
    return texts.join('\n').match(/ovn-k8s-node|6400|10\.96\.|k8s-n1/g);
  };
  t.is(await left(), null);
  const status = await host.appctl('-t', 'ovn-k8s-node', 'status');
  t.regex(status, /external_ids:k8s-node-name is not set; run ovn-k8s-overlay minion-init/);
  t.is(await left(), null);
  t.is(await foreignTable(host), foreign.get(host.label) ?? '');
});

function foreignTable(host: Host): Promise<string> {
  return host.exec(['nft', 'list', 'table', 'inet', 'foreign']);
}

interface Asked extends Target {
  /** The service that must answer, or the server. */
  readonly what: string;
}

async function allAnswer(
  t: { deepEqual: (a: unknown, b: unknown, m?: string) => void },
  net: Namespace,
  asked: readonly Asked[],
): Promise<void> {
  const answers = await askTargets(net, asked);
  const wrong = asked.flatMap(({ what, protocol, address, port }, i) => {
    const { outcome = 'nothing' } = answers[i] ?? {};
    const isRight = what === 'pods' ? outcome.startsWith('web-') : outcome === what;
    return isRight ? [] : [`${what} ${protocol} ${address} ${port}: ${outcome}`];
  });
  t.deepEqual(wrong, [], net.name);
}

function isAnswered(answers: Awaited<ReturnType<typeof askTargets>>): boolean {
  return answers.every(({ outcome }) => outcome.startsWith('web-'));
}

function namesOf(answers: Awaited<ReturnType<typeof askTargets>>): string[] {
  return [...new Set(answers.map(({ outcome }) => outcome))].sort();
}

function servicesInside(): Asked[] {
  return [...services.clusterIps]
    .filter(([what]) => what in PORTS)
    .flatMap(([what, addresses]) =>
      PROTOCOLS.flatMap((protocol) => addresses.map((address) => ({ what, protocol, address, port: 80 }))),
    );
}

function externalAddresses(): Asked[] {
  return PROTOCOLS.flatMap((protocol) =>
    EXTERNAL.map((address) => ({ what: 'pods', protocol, address, port: 80 })),
  );
}

function allNodePorts(): Asked[] {
  return cluster.nodes.flatMap(({ v4, v6 }) =>
    Object.entries(PORTS).flatMap(([what, port]) =>
      PROTOCOLS.flatMap((protocol) => [v4, v6].map((address) => ({ what, protocol, address, port }))),
    ),
  );
}

function podEndpoints() {
  return pods.flatMap(({ node: on, addresses }) => addresses.map((ip) => ({ ip, node: on.host.label })));
}

function hostEndpoints({ v4, v6, host }: Node) {
  return [v4, v6].map((ip) => ({ ip, node: host.label }));
}
