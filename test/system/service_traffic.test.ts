import test from 'ava';
import { type Cluster, FAR, type Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { startKubePod } from '../../lab/kube_pod.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { gatewayInit, initCluster, overlayWell, startGatewayHelper } from '../../lab/overlay.js';
import { askTargets, serveTargets } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';
import { answering, httpGet, startWebServer } from '../../lab/web.js';

/** The whole product, with objects made by kubectl: a client connects to a service's address, and a pod answers. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateway: Node;
let pods: readonly Pod[];
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1'] }));
  const { master } = cluster;
  gateway = cluster.node('gw1');
  await initCluster(cluster, ['gw1']);
  await startGatewayHelper(gateway);
  await startWatcher(master);
  pods = await Promise.all([startWebPod(master, 'web-1'), startWebPod(gateway, 'web-2')]);
});
test.after.always(() => cluster?.dispose());

kubeTest('a NodePort of the gateway reaches pods on both nodes, from outside and from pods', async (t) => {
  await serve('both', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] }, pods);
  t.deepEqual(await answering(cluster.outside, `http://${gateway.v4}:30080/`, 2), ['web-1', 'web-2']);
  const clusterIp = await kubernetes.kubectl(
    ...['get', 'service', 'both', '--output=jsonpath={.spec.clusterIP}'],
  );
  for (const { net } of pods) {
    t.deepEqual(await answering(net, `http://${clusterIp}/`, 2), ['web-1', 'web-2']);
    t.deepEqual(await answering(net, `http://${gateway.v4}:30080/`, 2), ['web-1', 'web-2']);
  }
});

kubeTest('the gateway answers ARP for an external address, which reaches pods on both nodes', async (t) => {
  const served = '203.0.113.80';
  await serve('external', { externalIPs: [served], ports: [{ port: 81 }] }, pods);
  t.deepEqual(await answering(cluster.outside, `http://${served}:81/`, 2), ['web-1', 'web-2']);
});

kubeTest(
  "with policy Local only the gateway's own pods answer, and they see the client's address",
  async (t) => {
    const spec = {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      ports: [{ port: 82, nodePort: 30_082 }],
    };
    await serve('local', spec, pods);
    const url = `http://${gateway.v4}:30082/`;
    t.deepEqual(await answering(cluster.outside, url, 1), ['web-2']);
    const answers = await Promise.all(Array.from({ length: 10 }, () => httpGet(cluster.outside, url)));
    for (const answer of answers) t.regex(answer, /^hello, 203\.0\.113\.1 port \d+, from web-2$/);
  },
);

kubeTest('a service without endpoints refuses at each of its addresses, until it has one', async (t) => {
  const named = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), protocol }));
  const ports = named.map((one) => ({ ...one, port: 83, nodePort: 30_083 }));
  await kubernetes.apply(
    serviceManifest('empty', {
      type: 'NodePort',
      clusterIP: '10.96.0.83',
      externalIPs: ['203.0.113.83'],
      ports,
    }),
  );
  const [pod] = pods;
  if (pod === undefined) return t.fail('no pod');
  await serveTargets(pod.net, pod.name, 9000, [pod.v4]);
  const targetsAt = (...addresses: readonly [string, number][]) =>
    (['tcp', 'udp'] as const).flatMap((protocol) =>
      addresses.map(([address, port]) => ({ protocol, address, port })),
    );
  const outside = targetsAt([gateway.v4, 30_083], ['203.0.113.83', 83]);
  const inside = targetsAt([gateway.v4, 30_083], ['203.0.113.83', 83], ['10.96.0.83', 83]);
  const clients = [
    { from: cluster.outside, targets: outside },
    ...pods.map(({ net }) => ({ from: net, targets: inside })),
  ];
  const all = async (outcome: string) => {
    for (const { from, targets } of clients)
      await until(`${outcome} from ${from.name}`, async () => {
        const answers = await askTargets(from, targets);
        return when(answers.every((one) => one.outcome === outcome));
      });
  };
  await all('refused');
  for (const { from, targets } of clients) {
    const answers = await askTargets(
      from,
      targets.flatMap((target) => [target, target, target]),
    );
    t.true(answers.every(({ outcome }) => outcome === 'refused'));
    // The first of three may meet a machine that is busy.
    const fastest = targets.map((_, i) => Math.min(...answers.slice(3 * i, 3 * i + 3).map(({ ms }) => ms)));
    t.true(Math.max(...fastest) < 100, `${fastest} ms`);
  }
  const endpoints = (list: readonly Pod[]) => {
    const addresses = list.map(({ v4, node }) => ({ ip: v4, nodeName: node.host.label }));
    const subset = { addresses, ports: named.map((one) => ({ ...one, port: 9000 })) };
    const metadata = { name: 'empty', namespace: 'default' };
    const subsets = list.length === 0 ? [] : [subset];
    return kubernetes.apply({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
  };
  await endpoints([pod]);
  await all(pod.name);
  await endpoints([]);
  await all('refused');
});

kubeTest(
  'with policy Local and endpoints on another node only, the gateway drops, and pods reach them',
  async (t) => {
    const [elsewhere] = pods;
    if (elsewhere === undefined) return t.fail('no pod');
    const spec = {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      externalIPs: ['203.0.113.84'],
      ports: [{ port: 84, nodePort: 30_084 }],
    };
    await serve('elsewhere', spec, [elsewhere]);
    for (const { net } of pods) {
      t.deepEqual(await answering(net, `http://${gateway.v4}:30084/`, 1), ['web-1']);
      t.deepEqual(await answering(net, 'http://203.0.113.84:84/', 1), ['web-1']);
    }
    const targets = [
      { protocol: 'tcp', address: gateway.v4, port: 30_084 },
      { protocol: 'tcp', address: '203.0.113.84', port: 84 },
    ] as const;
    const answers = await askTargets(cluster.outside, targets);
    t.deepEqual(
      answers.map(({ outcome }) => outcome),
      ['silence', 'silence'],
    );
  },
);

kubeTest('what a service does not get is an Event of the Service', async (t) => {
  await serve('partly', { externalIPs: ['203.0.113.1'], ports: [{ port: 85 }] }, pods);
  const output = '--output=jsonpath={range .items[*]}{.reason} {.message}{"\\n"}{end}';
  const events = () =>
    kubernetes.kubectl('get', 'events', '--field-selector=involvedObject.name=partly', output);
  const text = await until('the Event', async () => (await events()) || undefined);
  t.is(text.trim(), 'PartlyServed external address 203.0.113.1 is refused: it is the next hop of a route');
});

kubeTest("the host's own ports answer as well as those of services", async (t) => {
  await startWebServer(gateway.host.net, 9090, 'the host');
  t.regex(await httpGet(cluster.outside, `http://${gateway.v4}:9090/`), /from the host$/);
  t.regex(await httpGet(cluster.outside, `http://[${gateway.v6}]:9090/`), /from the host$/);
});

kubeTest(
  "a pod's hostPort answers at its own gateway, and nothing of it is left after the pod",
  async (t) => {
    const listens = { name: 'host', containerPort: 8080, hostPort: 8088 };
    const narrow = { name: 'v6', containerPort: 8080, hostPort: 8089, hostIP: gateway.v6 };
    const taken = { name: 'taken', containerPort: 8080, hostPort: 9091 };
    await startWebServer(gateway.host.net, 9091, 'the host');
    const udp = { name: 'udp', containerPort: 5353, hostPort: 5300, protocol: 'UDP' };
    const ports = [listens, narrow, taken, udp];
    const pod = await startWebPod(gateway, 'web-3', { containers: [{ name: 'main', image: 'none', ports }] });
    await serveTargets(pod.net, 'web-3', 5353, ['::']);
    const elsewhere = [{ name: 'far', containerPort: 8080, hostPort: 8090 }];
    await startWebPod(cluster.master, 'web-4', {
      containers: [{ name: 'main', image: 'none', ports: elsewhere }],
    });
    for (const host of [gateway.v4, `[${gateway.v6}]`])
      t.deepEqual(await answering(cluster.outside, `http://${host}:8088/`, 1), ['web-3'], host);
    t.regex(
      await httpGet(cluster.outside, `http://${gateway.v4}:8088/`),
      /^hello, 203\.0\.113\.1 port \d+, from web-3$/,
    );
    t.deepEqual(await answering(cluster.outside, `http://[${gateway.v6}]:8089/`, 1), ['web-3']);
    t.regex(await httpGet(cluster.outside, `http://${gateway.v4}:9091/`), /from the host$/);
    for (const url of [`http://${gateway.v4}:8089/`, `http://${gateway.v4}:8090/`])
      await t.throwsAsync(httpGet(cluster.outside, url), undefined, url);
    const overUdp = [gateway.v4, gateway.v6].map((address) => ({
      protocol: 'udp' as const,
      address,
      port: 5300,
    }));
    t.deepEqual(
      (await askTargets(cluster.outside, overUdp)).map(({ outcome }) => outcome),
      ['web-3', 'web-3'],
    );
    const refusal = /Pod default\/web-3: host port tcp 9091 at \S+ is refused: the host uses it/;
    const status = () => gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'status');
    t.regex(await status(), refusal);
    await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
    await until('the helper to end', async () => when(/cannot/.test(await status().catch(String))));
    await startGatewayHelper(gateway);
    const restarted = await until('it to know pods and sockets', async () => {
      const text = await status();
      return refusal.test(text) ? text : undefined;
    });
    t.regex(restarted, /bundles 0, flows added 0, deleted 0/);
    await kubernetes.kubectl('delete', 'pod', 'web-3', '--force', '--grace-period=0');
    await until('the host port to go', async () =>
      when(!(await gateway.host.ofctl('dump-flows', 'breth0')).includes('tp_dst=8088')),
    );
    const server = await startWebServer(gateway.host.net, 8088, 'the host');
    t.regex(await httpGet(cluster.outside, `http://${gateway.v4}:8088/`), /from the host$/);
    await server.stop();
  },
);

kubeTest(
  'a gateway of an earlier version serves every policy and refuses, and so it does after gateway-init',
  async (t) => {
    const ports = (port: number) => [{ port, nodePort: 30_000 + port }];
    const local = { type: 'NodePort', externalTrafficPolicy: 'Local' };
    await serve('old-local', { ...local, externalIPs: ['203.0.113.86'], ports: ports(86) }, pods);
    await serve('old-cluster', { type: 'NodePort', ports: ports(87) }, pods);
    await kubernetes.apply(serviceManifest('old-empty', { type: 'NodePort', ports: ports(88) }));
    const check = async () => {
      for (const url of [`http://${gateway.v4}:30086/`, 'http://203.0.113.86:86/']) {
        await until(`the client's address at ${url}`, async () => {
          const answer = await httpGet(cluster.outside, url).catch(String);
          return when(/^hello, 203\.0\.113\.1 port \d+, from web-2$/.test(answer));
        });
        t.deepEqual(await answering(cluster.outside, url, 1), ['web-2']);
      }
      t.deepEqual(await answering(cluster.outside, `http://${gateway.v4}:30087/`, 2), ['web-1', 'web-2']);
      const empty = { protocol: 'tcp', address: gateway.v4, port: 30_088 } as const;
      await until('a refusal', async () =>
        when((await askTargets(cluster.outside, [empty]))[0]?.outcome === 'refused'),
      );
    };
    await cluster.nbctl(
      ...['lr-nat-del', 'GR_gw1', 'snat', '0.0.0.0/0', '--'],
      ...['set', 'Logical_Router', 'GR_gw1', 'options:lb_force_snat_ip=100.64.1.2'],
    );
    await check();
    await overlayWell(gateway, ...gatewayInit(gateway));
    await check();
  },
);

kubeTest('new connections work while the API server is away', async (t) => {
  await kubernetes.stopServer();
  t.deepEqual(await answering(cluster.outside, `http://${gateway.v4}:30080/`, 2), ['web-1', 'web-2']);
  await startWebServer(cluster.outside, 8000);
  for (const { net } of pods)
    t.regex(await httpGet(net, `http://${FAR.v4}:8000/`), new RegExp(`^hello, ${gateway.v4} port`));
});

interface Pod {
  readonly name: string;
  readonly node: Node;
  readonly net: Namespace;
  readonly v4: string;
}

/** Creates a pod, runs the plugin for it, and starts a web server in it. */
async function startWebPod(node: Node, name: string, more: object = {}): Promise<Pod> {
  const { net, addresses } = await startKubePod({ cluster, kubernetes }, node, name, more);
  await startWebServer(net, 8080, name);
  await report(name, addresses);
  return { name, node, net, v4: addresses[0] ?? '' };
}

/** Writes a pod's addresses into its status, as its kubelet would. */
async function report(name: string, podIPs: readonly string[]): Promise<void> {
  const path = `/api/v1/namespaces/default/pods/${name}/status`;
  const pod = JSON.parse(await kubernetes.kubectl('get', '--raw', path));
  const status = { ...pod.status, phase: 'Running', podIP: podIPs[0], podIPs: podIPs.map((ip) => ({ ip })) };
  await kubernetes.replaceRaw(path, { ...pod, status });
}

/** Creates a service and, as a controller would, its endpoints. */
async function serve(name: string, spec: object, endpoints: readonly Pod[]): Promise<void> {
  const list = endpoints.map(({ v4, node }) => ({ ip: v4, node: node.host.label }));
  await kubernetes.apply(serviceManifest(name, spec), endpointsManifest(name, { port: 8080 }, list));
}
