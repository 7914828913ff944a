import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import type { Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { endpointsManifest, serviceManifest } from '../../lab/manifests.js';
import { NEIGHBOUR_AGENT } from '../../lab/neighbour.js';
import { initCluster, podOptions, startGatewayHelper, startNodeDaemon } from '../../lab/overlay.js';
import type { Running } from '../../lab/running.js';
import { until, when } from '../../lab/until.js';
import { answering, httpGet, startWebServer } from '../../lab/web.js';

/** Two gateways whose external addresses another program speaks for, on a real API server, OVN and wire. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gateways: readonly Node[];
let pods: readonly { readonly ip: string; readonly node: string }[];
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1', 'gw2'], isDualStack: true }));
  const { master } = cluster;
  gateways = [cluster.node('gw1'), cluster.node('gw2')];
  await initCluster(cluster, ['gw1', 'gw2']);
  for (const gateway of gateways) {
    await gateway.host.net.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
    await startGatewayHelper(gateway, '--external-address-owner=speaker', `--external-ip-cidrs=${POOL}`);
    await startNodeDaemon(gateway);
  }
  const options = podOptions(master, 1, 1);
  await startWebServer(await cluster.pod(master, 'web', options), 8080, 'the pod');
  pods = options.addresses.map((address) => ({ ip: address.split('/')[0] ?? '', node: 'master' }));
  await startWatcher(master);
});
test.after.always(() => cluster?.dispose());

const POOL = '203.0.113.64/26,192.0.2.0/24,2001:db8::80/121,2001:db8:7::/48';
const DUAL = { ipFamilyPolicy: 'RequireDualStack' };
const URL_OF = { 4: (ip: string) => ip, 6: (ip: string) => `[${ip}]` } as const;

function gateway(n: 0 | 1): Node {
  const found = gateways[n];
  if (found === undefined) throw new Error('the cluster has no such gateway');
  return found;
}

const helper = ({ host }: Node, ...command: readonly string[]) =>
  host.appctl('-t', 'ovn-k8s-gateway-helper', ...command);

/** Creates a service at external addresses; resolves when both gateways serve them. */
async function serve(name: string, externalIPs: readonly string[], more: object = {}): Promise<void> {
  await kubernetes.apply(
    serviceManifest(name, { ...DUAL, externalIPs, ports: [{ port: 80 }], ...more }),
    endpointsManifest(name, { port: 8080 }, pods),
  );
  for (const node of gateways)
    await until(`${node.host.label} to serve ${externalIPs}`, async () => {
      const { state } = JSON.parse(await helper(node, 'status', '--json'));
      return when(externalIPs.every((ip) => state.served.includes(ip)));
    });
}

/** Starts a speaker for addresses on a node's own interface, as MetalLB's. */
async function speak(node: Node, addresses: readonly string[]): Promise<Running> {
  const speaker = node.host.net.spawn([...NEIGHBOUR_AGENT, 'speak', 'breth0', ...addresses]);
  await speaker.says(/ready/);
  return speaker;
}

/** Returns the MAC at which the outside has an address. */
async function macOf(ip: string): Promise<string | undefined> {
  const [found] = JSON.parse(await cluster.outside.exec(['ip', '-json', 'neigh', 'show', ip, 'dev', 'lan']));
  return found?.lladdr;
}

async function bridgeMac({ host }: Node): Promise<string> {
  const [{ address }] = JSON.parse(await host.exec(['ip', '-json', 'link', 'show', 'breth0']));
  return address;
}

for (const [family, ip] of [
  [4, '203.0.113.80'],
  [6, '2001:db8::80'],
] as const) {
  const url = `http://${URL_OF[family](ip)}/`;

  kubeTest(`IPv${family}: a speaker on any gateway brings an external address to that gateway`, async (t) => {
    const name = `spoken-${family}`;
    const speaker = await speak(gateway(1), [ip]);
    await serve(name, [ip]);
    t.deepEqual(await answering(cluster.outside, url, 1), ['the pod']);
    t.is(await macOf(ip), await bridgeMac(gateway(1)), 'only the speaker answers');
    await speaker.stop('SIGKILL');
    await cluster.outside.ip(`neigh flush to ${ip} dev lan`);
    await t.throwsAsync(
      httpGet(cluster.outside, url),
      undefined,
      'nobody answers, not even the first gateway',
    );
    await cluster.outside.ip(`neigh flush to ${ip} dev lan`);
    const other = await speak(gateway(0), [ip]);
    t.deepEqual(await answering(cluster.outside, url, 1), ['the pod']);
    t.is(await macOf(ip), await bridgeMac(gateway(0)));
    await other.stop('SIGKILL');
    for (const node of gateways) {
      const status = await helper(node, 'status');
      t.regex(status, /announced: +0 addresses/);
      t.notRegex(status, /^problem:.*(claimed|refused)/m);
    }
    await kubernetes.kubectl('delete', 'service', name);
  });
}

for (const [family, ip] of [
  [4, '192.0.2.80'],
  [6, '2001:db8:7::80'],
] as const)
  kubeTest(
    `IPv${family}: an address that a router sends to either gateway is answered by both`,
    async (t) => {
      await serve(`routed-${family}`, [ip]);
      for (const node of gateways) {
        const via = family === 4 ? node.v4 : node.v6;
        await cluster.outside.ip(`route replace ${ip}/${family === 4 ? 32 : 128} via ${via}`);
        t.deepEqual(
          await answering(cluster.outside, `http://${URL_OF[family](ip)}/`, 1),
          ['the pod'],
          node.host.label,
        );
      }
      await kubernetes.kubectl('delete', 'service', `routed-${family}`);
    },
  );

for (const [family, ip, outside] of [
  [4, '203.0.113.90', '203.0.113.30'],
  [6, '2001:db8::90', '2001:db8::30'],
] as const)
  kubeTest(`IPv${family}: an address that keepalived puts on a gateway's host is served there`, async (t) => {
    const { net } = gateway(1).host;
    const length = family === 4 ? 32 : 128;
    await net.ip(`addr add ${ip}/${length} dev breth0`, `addr add ${outside}/${length} dev breth0`);
    await serve(`kept-${family}`, [ip]);
    t.deepEqual(await answering(cluster.outside, `http://${URL_OF[family](ip)}/`, 1), ['the pod']);
    t.is(await macOf(ip), await bridgeMac(gateway(1)));
    await kubernetes.apply(
      serviceManifest(`outside-${family}`, { externalIPs: [outside], ports: [{ port: 80 }] }),
    );
    const line = await until('the other address to be refused', async () =>
      (await helper(gateway(1), 'status')).split('\n').find((text) => text.includes(`outside-${family}`)),
    );
    t.regex(line, new RegExp(`external address ${outside} is refused: it is an address of this host`));
    await kubernetes.kubectl('delete', 'service', `kept-${family}`, `outside-${family}`);
    await net.ip(`addr del ${ip}/${length} dev breth0`, `addr del ${outside}/${length} dev breth0`);
  });

for (const [family, ip, far, near] of [
  [4, '203.0.113.81', '198.51.100.0/24', '203.0.113.0/24'],
  [6, '2001:db8::81', '2001:db8:ffff::/48', '2001:db8::/64'],
] as const)
  kubeTest(
    `IPv${family}: loadBalancerSourceRanges say who reaches external addresses and node ports`,
    async (t) => {
      const name = `limited-${family}`;
      const nodePort = 30_090 + family;
      const node = family === 4 ? gateway(0).v4 : gateway(0).v6;
      const urls = [`http://${URL_OF[family](ip)}/`, `http://${URL_OF[family](node)}:${nodePort}/`];
      const speaker = await speak(gateway(0), [ip]);
      const spec = { type: 'LoadBalancer', ports: [{ port: 80, nodePort }] };
      await serve(name, [ip], { ...spec, loadBalancerSourceRanges: [near] });
      for (const url of urls) t.deepEqual(await answering(cluster.outside, url, 1), ['the pod'], url);
      await serve(name, [ip], { ...spec, loadBalancerSourceRanges: [far] });
      for (const url of urls)
        await until(`${url} to be closed`, async () =>
          when(
            await httpGet(cluster.outside, url).then(
              () => false,
              () => true,
            ),
          ),
        );
      await serve(name, [ip], { ...spec, loadBalancerSourceRanges: [far, near] });
      for (const url of urls) t.deepEqual(await answering(cluster.outside, url, 1), ['the pod'], url);
      await speaker.stop('SIGKILL');
      await kubernetes.kubectl('delete', 'service', name);
    },
  );

for (const [family, second] of [
  [4, '203.0.113.31'],
  [6, '2001:db8::31'],
] as const)
  kubeTest(`IPv${family}: a node port answers at a second address of a gateway's host`, async (t) => {
    const { host, v4, v6 } = gateway(1);
    const address = `${second}/${family === 4 ? 32 : 128} dev breth0`;
    await host.net.ip(`addr add ${address}`);
    await kubernetes.apply(
      serviceManifest('second', { ...DUAL, type: 'NodePort', ports: [{ port: 80, nodePort: 30_099 }] }),
      endpointsManifest('second', { port: 8080 }, pods),
    );
    for (const ip of [second, family === 4 ? v4 : v6])
      t.deepEqual(
        await answering(cluster.outside, `http://${URL_OF[family](ip)}:30099/`, 1),
        ['the pod'],
        ip,
      );
    await kubernetes.kubectl('delete', 'service', 'second');
    await host.net.ip(`addr del ${address}`);
  });
