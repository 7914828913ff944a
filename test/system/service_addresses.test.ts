import test from 'ava';
import { type Cluster, type Node, ROUTER } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { cable } from '../../lab/link.js';
import { endpointsManifest, nodeManifest, serviceManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, podOptions, startGatewayHelper } from '../../lab/overlay.js';
import { until, when } from '../../lab/until.js';
import { answering, httpGet, startWebServer } from '../../lab/web.js';

/** Services whose author asks for addresses that are somebody's, on a real API server, OVN and wire. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateway: Node;
let neighbour: Namespace;
let pod: Namespace;
let pods: readonly { readonly ip: string; readonly node: string }[];
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1', 'n1'] }));
  const { master } = cluster;
  gateway = cluster.node('gw1');
  await initCluster(cluster, ['gw1']);
  await kubernetes.apply(...cluster.nodes.map(({ host, v4, v6 }) => nodeManifest(host.label, v4, v6)));
  neighbour = await cluster.lab.namespace('neighbour');
  await cable({ in: neighbour, name: 'eth0' }, { in: cluster.outside, name: 'neighbour' });
  await cluster.outside.ip('link set dev neighbour master lan');
  await neighbour.ip(`addr add ${HELD[4]}/24 dev eth0`, `addr add ${HELD[6]}/64 dev eth0 nodad`);
  const options = podOptions(gateway, 2, 1);
  pod = await cluster.pod(gateway, 'web', options);
  await startWebServer(pod, 8080, 'the pod');
  pods = options.addresses.map((address) => ({ ip: address.split('/')[0] ?? '', node: 'gw1' }));
  await startGatewayHelper(gateway);
  await startWatcher(master);
});
test.afterEach.always(async () => {
  await kubernetes?.kubectl(
    'delete',
    'services',
    '--ignore-not-found',
    'evil',
    'ingress',
    'free',
    'own',
    'later',
  );
});
test.after.always(() => cluster?.dispose());

const FREE = { 4: '203.0.113.80', 6: '2001:db8::80' } as const;
/** The addresses of a host on the network that is no node. */
const HELD = { 4: '203.0.113.50', 6: '2001:db8::50' } as const;
const URL_OF = { 4: (ip: string) => ip, 6: (ip: string) => `[${ip}]` } as const;

/** Addresses that the API server stores as external IPs. */
const external = () => [
  ...cluster.nodes.filter((node) => node !== gateway).flatMap(({ v4, v6 }) => [v4, v6]),
  ...[ROUTER.v4, ROUTER.v6, '255.255.255.255', '239.1.2.3', '240.0.0.1', '203.0.113.255', '10.244.2.99'],
  ...['10.244.77.1', 'fd00:10:244:2::99', '100.64.1.77', 'fd98:64::77', '10.96.0.1', 'ff0e::1'],
  ...['10.96.77.77', 'fd00:10:96::77'],
];
/** Addresses that it refuses as external IPs, and stores as ingress addresses. */
const INGRESS = ['127.0.0.1', '0.0.0.0', '224.0.0.1', '169.254.169.254', '::1', '::', 'fe80::1', 'ff02::1'];

/** Returns the flows in one order: the switch's own changes when flows come and go. */
const flows = async () => {
  const text = await gateway.host.ofctl(
    ...['-O', 'OpenFlow14', '--no-names', '--no-stats', 'dump-flows', 'breth0'],
  );
  return text.split('\n').sort().join('\n');
};
const vips = () => cluster.nbctl('--format=csv', '--no-headings', '--columns=vips', 'list', 'Load_Balancer');
const statusOf = (node: Node, program: string) => node.host.appctl('-t', program, 'status');
const helperStatus = () => statusOf(gateway, 'ovn-k8s-gateway-helper');
const watcherStatus = () => statusOf(cluster.master, 'ovn-k8s-watcher');

/** Whether a text names an address, alone or followed by a port. */
function names(text: string, ip: string): boolean {
  const words = text.split(/[^0-9a-f:.[\]]/);
  const starts = [`${ip}:`, `[${ip}]`];
  return words.some(
    (word) =>
      word === ip ||
      (!ip.includes(':') && word.startsWith(starts[0] ?? '')) ||
      word.startsWith(starts[1] ?? ''),
  );
}

async function serve(name: string, spec: { readonly [key: string]: unknown }): Promise<void> {
  const list = serviceManifest(name, spec);
  await kubernetes.apply(list, endpointsManifest(name, { port: 8080 }, pods));
}

async function gone(...services: readonly string[]): Promise<void> {
  await kubernetes.kubectl('delete', 'services', ...services);
}

kubeTest(
  'no service gets the address of a node, a router, a server or the cluster, or one that no host has',
  async (t) => {
    await until('the first cluster address', async () => when(names(await vips(), '10.96.0.1')));
    const before = { flows: await flows(), vips: await vips() };
    const addresses = external();
    await serve('evil', { externalIPs: addresses, ports: [{ port: 6443 }] });
    await serve('ingress', { type: 'LoadBalancer', ports: [{ port: 6641, nodePort: 30_641 }] });
    const path = '/api/v1/namespaces/default/services/ingress/status';
    const ingress = JSON.parse(await kubernetes.kubectl('get', '--raw', path));
    const status = { loadBalancer: { ingress: INGRESS.map((ip) => ({ ip })) } };
    await kubernetes.replaceRaw(path, { ...ingress, status });
    // The last address is served, so all have been judged.
    await serve('free', { externalIPs: [FREE[4], FREE[6]], ports: [{ port: 80 }] });
    await until('the free address', async () =>
      when(names(await flows(), FREE[4]) && names(await vips(), FREE[4])),
    );
    for (const read of [helperStatus, watcherStatus]) {
      const text = await until('both services to be named', async () => {
        const found = await read();
        return (
          when(/default\/evil.* refused/.test(found) && /default\/ingress.* refused/.test(found)) && found
        );
      });
      t.regex(
        text,
        /Service default\/evil: external address 203\.0\.113\.10 is refused: it is an address of node master/,
      );
      t.regex(text, /Service default\/ingress: external address 127\.0\.0\.1 is refused: it is loopback/);
      for (const ip of addresses)
        t.regex(text, new RegExp(`default/evil: external address ${ip} is refused: it is `));
      for (const ip of INGRESS)
        t.regex(text, new RegExp(`default/ingress: external address ${ip} is refused: it is `));
    }
    const now = { flows: await flows(), vips: await vips() };
    for (const ip of [...addresses, ...INGRESS]) {
      t.is(names(now.vips, ip), names(before.vips, ip), ip);
      t.false(
        new RegExp(`(nw_dst|ipv6_dst|arp_tpa|nd_target)=${ip.replaceAll('.', '\\.')}[, ]`).test(now.flows),
        ip,
      );
    }
    for (const [host, ip] of [
      [gateway, cluster.master.v4],
      [gateway, ROUTER.v4],
      [gateway, cluster.master.v6],
      [gateway, ROUTER.v6],
      [gateway, cluster.node('n1').v4],
    ] as const)
      await t.notThrowsAsync(host.host.exec(['ping', '-c1', '-W2', ip]), ip);
    await gone('evil', 'ingress', 'free');
    await until('the flows of before', async () => when((await flows()) === before.flows));
    await until('the addresses of before', async () => when((await vips()) === before.vips));
    await until('no problem', async () =>
      when(!/problem/.test((await helperStatus()) + (await watcherStatus()))),
    );
  },
);

for (const family of [4, 6] as const) {
  kubeTest(
    `IPv${family}: a free address is served, and one that another host has only once it has gone`,
    async (t) => {
      const before = await flows();
      const held = HELD[family];
      await serve('free', { externalIPs: [FREE[family], held], ports: [{ port: 81 }] });
      await until('the held address to be named', async () =>
        when(
          new RegExp(`Service default/free: external address ${held} is refused: [0-9a-f:]{17} has it`).test(
            await helperStatus(),
          ),
        ),
      );
      t.deepEqual(await answering(cluster.outside, `http://${URL_OF[family](FREE[family])}:81/`, 1), [
        'the pod',
      ]);
      t.false(names(await flows(), held));
      await t.notThrowsAsync(cluster.outside.exec(['ping', '-c1', '-W2', held]));
      const owner = await startWebServer(neighbour, 81, 'its owner');
      t.deepEqual(await answering(pod, `http://${URL_OF[family](held)}:81/`, 1), ['its owner']);
      await owner.stop('SIGKILL');
      await neighbour.ip('link set eth0 down');
      await until('the address', async () => when(names(await flows(), held)), 15_000);
      t.notRegex(await helperStatus(), /has it/);
      t.deepEqual(await answering(cluster.outside, `http://${URL_OF[family](held)}:81/`, 1), ['the pod']);
      await gone('free');
      await until('the flows of before', async () => when((await flows()) === before));
      await neighbour.ip('link set eth0 up');
      if (family === 4) await neighbour.ip(`addr add ${HELD[6]}/64 dev eth0 nodad`);
    },
  );

  kubeTest(
    `IPv${family}: the gateway's own address is served at a free port, and the host keeps its own ports`,
    async (t) => {
      const before = await flows();
      const own = family === 4 ? gateway.v4 : gateway.v6;
      const url = (port: number) => `http://${URL_OF[family](own)}:${port}/`;
      const listener = await startWebServer(gateway.host.net, 8082, 'the host');
      await serve('own', {
        externalIPs: [own],
        ports: [8081, 8082, 22, 40_000, 61_001].map((port) => ({ name: `p${port}`, port })),
      });
      await kubernetes.apply({
        ...endpointsManifest('own', { port: 8080 }, pods),
        subsets: [8081, 8082, 22, 40_000, 61_001].map((port) => ({
          addresses: pods.map(({ ip, node }) => ({ ip, nodeName: node })),
          ports: [{ name: `p${port}`, port: 8080 }],
        })),
      });
      t.deepEqual(await answering(cluster.outside, url(8081), 1), ['the pod']);
      t.regex(await httpGet(cluster.outside, url(8082)), /from the host$/);
      const status = await helperStatus();
      t.regex(
        status,
        /Service default\/own: external address \S+ port tcp 8082 is refused: the host uses it: tcp \S+:8082/,
      );
      t.regex(
        status,
        /Service default\/own: external address \S+ port tcp 22 is refused: port 22 is always the host's/,
      );
      t.regex(status, /port tcp 40000 is refused: connections of the host have the ports/);
      t.regex(status, /port tcp 61001 is refused: connections of pods have the ports 61000-65535/);
      t.regex(await watcherStatus(), /Service default\/own: external address \S+ port tcp 22 is refused/);
      t.notRegex(await flows(), /tp_dst=(22|8082|40000|61001)[, ]/);
      await listener.stop('SIGKILL');
      // The helper looks at the host's sockets at each audit, every 20 s.
      await until('the port to be served', async () => when(/tp_dst=8082[, ]/.test(await flows())), 30_000);
      t.deepEqual(await answering(cluster.outside, url(8082), 1), ['the pod']);
      await gone('own');
      await until('the flows of before', async () => when((await flows()) === before));
      await startWebServer(gateway.host.net, family === 4 ? 8091 : 8092, 'the host');
      t.regex(await httpGet(cluster.outside, url(family === 4 ? 8091 : 8092)), /from the host$/);
    },
  );
}

kubeTest('external_ids:k8s-external-ip-cidrs narrows what is served, without a restart', async (t) => {
  await serve('free', { externalIPs: [FREE[4], FREE[6]], ports: [{ port: 82 }] });
  await until('both addresses', async () =>
    when(names(await flows(), FREE[4]) && names(await flows(), FREE[6])),
  );
  const set = async (text: string) => {
    for (const { host } of [gateway, cluster.master])
      await host.vsctl('set', 'Open_vSwitch', '.', `external_ids:k8s-external-ip-cidrs="${text}"`);
  };
  await set('203.0.113.64/26');
  await until('IPv4 only', async () => when(names(await flows(), FREE[4]) && !names(await flows(), FREE[6])));
  await until('IPv4 only in OVN', async () =>
    when(/113\.80:82/.test(await vips()) && !/::80\]:82/.test(await vips())),
  );
  t.regex(await helperStatus(), /address 2001:db8::80 is refused: external-ip-cidrs is 203\.0\.113\.64\/26/);
  await set('none');
  await until('no address', async () =>
    when(!names(await flows(), FREE[4]) && !/113\.80:82/.test(await vips())),
  );
  for (const { host } of [gateway, cluster.master])
    await host.vsctl('remove', 'Open_vSwitch', '.', 'external_ids', 'k8s-external-ip-cidrs');
  await until('both again', async () => when(names(await flows(), FREE[4]) && names(await flows(), FREE[6])));
  await gone('free');
});

kubeTest('a restarted helper serves what the flows have, and sends nothing', async (t) => {
  await serve('free', { externalIPs: [FREE[4], FREE[6]], ports: [{ port: 83 }] });
  await until('both addresses', async () =>
    when(names(await flows(), FREE[4]) && names(await flows(), FREE[6])),
  );
  const before = await flows();
  await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
  await until('the helper to end', async () =>
    when(/error|cannot/i.test(await helperStatus().catch(String))),
  );
  await startGatewayHelper(gateway);
  const marker = { externalIPs: ['203.0.113.83'], ports: [{ port: 83 }] };
  await serve('later', marker);
  await until('a later address', async () => when(names(await flows(), '203.0.113.83')));
  t.regex(await helperStatus(), /bundles 1, flows added \d+, deleted 0/);
  await gone('later');
  await until('the flows of before', async () => when((await flows()) === before));
  await gone('free');
});
