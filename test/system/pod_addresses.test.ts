import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import test from 'ava';
import type { Cluster, Node } from '../../lab/cluster.js';
import { arp, nd, routerAdvertisement, transport } from '../../lab/frames.js';
import { ACCOUNT_TOKENS, type Kubernetes } from '../../lab/kube.js';
import { startKubeCluster, startWatcher } from '../../lab/kube_cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import { podManifest } from '../../lab/manifests.js';
import type { Namespace } from '../../lab/namespace.js';
import { gatewayInit, initCluster, overlayWell } from '../../lab/overlay.js';
import { PROJECT } from '../../lab/project.js';
import type { Running } from '../../lab/running.js';
import { Taps } from '../../lab/taps.js';
import { until, when } from '../../lab/until.js';
import { type IpAddress, parseIp } from '../../src/net/ip.js';
import { linkLocalOf, type MacAddress, parseMac } from '../../src/net/mac.js';

/** Tests that a pod has its own addresses and no others, with a real API server and a real OVN. */
let cluster: Cluster;
let kubernetes: Kubernetes;
let gw1: Node;
let watcher: Running;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  ({ cluster, kubernetes } = await startKubeCluster({ nodes: ['master', 'gw1'] }));
  gw1 = cluster.node('gw1');
  await initCluster(cluster);
  await kubernetes.kubectl('apply', '-f', join(PROJECT, 'packaging/kubernetes/rbac.yaml'));
  const token = ACCOUNT_TOKENS['ovn-k8s-watcher'];
  await cluster.master.host.vsctl('set', 'Open_vSwitch', '.', `external_ids:k8s-api-token=${token}`);
  watcher = await startWatcher(cluster.master);
});
test.after.always(() => cluster?.dispose());

/** The namespaces of the pods that are plugged in. */
const namespaces = new Map<string, Namespace>();

/** What a pod has: its UID, and its addresses without masks. */
interface Pod {
  readonly uid: string;
  readonly mac: MacAddress;
  readonly v4: IpAddress;
  readonly v6: IpAddress;
  readonly gateways: readonly string[];
}

kubeTest(
  'a pod with an invented annotation does not get that address; the annotation is replaced',
  async (t) => {
    const forged =
      '{"ip_address":"10.244.2.77/24","mac_address":"0a:00:00:00:00:77","gateway_ip":"10.244.2.9"}';
    await kubernetes.apply(podManifest('forger', 'gw1', {}, { annotations: { ovn: forged } }));
    const pod = await annotated('forger', ({ v4 }) => String(v4) !== '10.244.2.77');
    t.regex(pod.v4, /^10\.244\.2\.\d+$/);
    t.not(String(pod.mac), '0a:00:00:00:00:77');
    t.deepEqual(pod.gateways, ['10.244.2.1', 'fd00:10:244:2::1']);
    t.notRegex(await cluster.nbctl('list', 'Logical_Switch_Port'), /10\.244\.2\.77/);
  },
);

kubeTest(
  'frames of a pod with another MAC or source address, and its ARP and ND for other addresses, are dropped',
  async (t) => {
    await kubernetes.apply(...['mallory', 'peer', 'victim'].map((name) => podManifest(name, 'gw1')));
    const [mallory, peer, victim] = [
      await annotated('mallory'),
      await annotated('peer'),
      await annotated('victim'),
    ];
    const [from, to] = [await plug('mallory', mallory), await plug('peer', peer)];
    const sending = await Taps.open(from, ['eth0']);
    const receiving = await Taps.open(to, ['eth0']);

    const link = { src: mallory.mac, dst: peer.mac };
    const udp =
      (src: IpAddress, dst: IpAddress, mac = mallory.mac) =>
      (marker: Buffer) =>
        transport({ ...link, src: mac }, { src, dst }, 'udp', { src: 9, dst: 9 }, marker);
    const arpOf =
      (spa: IpAddress, sha = mallory.mac, mac = mallory.mac) =>
      (marker: Buffer) =>
        arp({ ...link, src: mac }, 2, sha, spa, peer.v4, marker);
    const advertise =
      (target: IpAddress, src: IpAddress, mac = mallory.mac) =>
      (marker: Buffer) =>
        nd({ ...link, src: mac }, { src, dst: peer.v6 }, 136, target, marker);
    const own = udp(mallory.v4, peer.v4);
    /** Sends a frame, and one that passes behind it; returns whether the first arrived. */
    const passes = async (frame: (marker: Buffer) => Buffer) => {
      const [marker, behind] = [randomBytes(8), randomBytes(8)];
      sending.inject('eth0', frame(marker));
      await until('the frame behind', async () => {
        sending.inject('eth0', own(behind));
        return when(receiving.count('eth0', behind) > 0);
      });
      return receiving.count('eth0', marker) > 0;
    };

    for (const [what, frame] of [
      ['its own IPv4 address', own],
      ['its own IPv6 address', udp(mallory.v6, peer.v6)],
      ['ARP for its own address', arpOf(mallory.v4)],
      ['an advertisement of its own address', advertise(mallory.v6, mallory.v6)],
    ] as const)
      t.true(await passes(frame), what);

    for (const [what, frame] of [
      ['another MAC', udp(mallory.v4, peer.v4, victim.mac)],
      ['another MAC, IPv6', udp(mallory.v6, peer.v6, victim.mac)],
      ["a victim's IPv4 address", udp(victim.v4, peer.v4)],
      ["a victim's IPv6 address", udp(victim.v6, peer.v6)],
      ['an address outside of the cluster', udp(parseIp('198.51.100.7'), peer.v4)],
      ["a victim's MAC and address", udp(victim.v4, peer.v4, victim.mac)],
      ["ARP for a victim's address", arpOf(victim.v4)],
      ["ARP for the router's address", arpOf(parseIp('10.244.2.1'))],
      ['ARP with another MAC inside', arpOf(mallory.v4, victim.mac)],
      ["an advertisement of a victim's address", advertise(victim.v6, mallory.v6)],
      ["an advertisement of the router's address", advertise(parseIp('fd00:10:244:2::1'), mallory.v6)],
      ["an advertisement from a victim's address", advertise(victim.v6, victim.v6, victim.mac)],
    ] as const)
      t.false(await passes(frame), what);
  },
);

kubeTest("a pod's router advertisements change nothing on the node", async (t) => {
  const mallory = await annotated('mallory');
  const [from, peer] = [namespaces.get('mallory'), namespaces.get('peer')];
  if (from === undefined || peer === undefined) return t.fail('the pods are not plugged in');
  const taps = await Taps.open(from, ['eth0']);
  const link = { src: mallory.mac, dst: parseMac('33:33:00:00:00:01') };
  const ip = { src: linkLocalOf(mallory.mac), dst: parseIp('ff02::1') };
  const prefix = { prefix: parseIp('2001:db8:bad::'), lifetime: 1_800, autonomous: true };
  taps.inject('eth0', routerAdvertisement(link, ip, { lifetime: 1_800, prefixes: [prefix] }));
  const routes = (net: Namespace, device: string) => net.exec(['ip', '-6', 'route', 'show', 'dev', device]);
  // The other pod's kernel accepts it: the plugin would have told it not to.
  await until('the other pod to accept it', async () =>
    when(/2001:db8:bad::/.test(await routes(peer, 'eth0'))),
  );
  t.notRegex(await routes(gw1.host.net, 'k8s-gw1'), /2001:db8:bad::|default/);
});

kubeTest('a pod recreated at once gets another address, and only its own interface is bound', async (t) => {
  await kubernetes.apply(podManifest('again', 'gw1'));
  const first = await annotated('again');
  await plug('again', first);
  const bound = () => binding('again');
  t.like(await bound(), { uid: first.uid, version: first.uid, isBound: true });
  await kubernetes.kubectl('delete', 'pod', 'again', '--grace-period=0', '--force', '--wait=false');
  await kubernetes.apply(podManifest('again', 'gw1'));
  const second = await annotated('again', ({ uid }) => uid !== first.uid);
  t.not(second.v4, first.v4);
  t.not(second.v6, first.v6);
  await until('the binding to follow, without the interface of the first pod', async () => {
    const { uid, version, isBound } = await bound();
    return when(uid === second.uid && version === second.uid && !isBound);
  });
  await gw1.host.vsctl('del-port', 'br-int', 'v-again');
  await plug('again', second, { netns: 'again-2' });
  await until('the interface of the second pod to be bound', async () => when((await bound()).isBound));
});

kubeTest('a pod of the same name on another node gets its port and its binding there', async (t) => {
  const before = await annotated('again');
  await kubernetes.kubectl('delete', 'pod', 'again', '--grace-period=0', '--force', '--wait=false');
  await kubernetes.apply(podManifest('again', 'master'));
  const moved = await annotated('again', ({ uid }) => uid !== before.uid);
  t.regex(moved.v4, /^10\.244\.1\./);
  await until('the interface on the first node to be unbound', async () =>
    when(!(await binding('again')).isBound),
  );
  const net = await plug('again', moved, { netns: 'again-3', on: cluster.master });
  await until('the interface there to be bound', async () => when((await binding('again')).isBound));
  for (const gateway of ['10.244.1.1', 'fd00:10:244:1::1'])
    await until(`${gateway} to answer`, async () =>
      when((await net.attempt(['ping', '-c1', '-W1', '-q', gateway])).exitCode === 0),
    );
});

kubeTest(
  'a running pod of an earlier version keeps its address and its binding, and is bound to its address',
  async (t) => {
    await watcher.stop();
    await cluster.nbctl(
      ...['lsp-add', 'gw1', 'default_early', '--', 'lsp-set-addresses', 'default_early', 'dynamic'],
      ...[
        '--',
        'set',
        'Logical_Switch_Port',
        'default_early',
        'external_ids:pod=true',
        'external_ids:namespace=default',
      ],
    );
    const dynamic = await until('an address of OVN', async () => {
      const text = await cluster.nbctl('get', 'Logical_Switch_Port', 'default_early', 'dynamic_addresses');
      return /"(.*)"/.exec(text)?.[1];
    });
    const [mac = '', v4 = '', v6 = ''] = dynamic.split(' ');
    const gateways = ['10.244.2.1', 'fd00:10:244:2::1'];
    const net = await cluster.plug(
      gw1,
      'default_early',
      { mac, addresses: [`${v4}/24`, `${v6}/64`], gateways },
      'early',
    );
    await kubernetes.apply(podManifest('early', 'gw1'));
    watcher = await startWatcher(cluster.master);
    const pod = await annotated('early');
    t.deepEqual([pod.mac, pod.v4, pod.v6].map(String), [mac, v4, v6]);
    t.is((await cluster.nbctl('lsp-get-port-security', 'default_early')).trim(), dynamic);
    await cluster.settled();
    t.like(await binding('early'), { uid: pod.uid, version: undefined, isBound: true });
    for (const gateway of gateways)
      await until(`${gateway} to answer`, async () =>
        when((await net.attempt(['ping', '-c1', '-W1', '-q', gateway])).exitCode === 0),
      );
  },
);

kubeTest('a port that was deleted by hand is made again as it was, and its pod stays bound', async (t) => {
  const pod = await annotated('peer');
  await cluster.nbctl('lsp-del', 'default_peer');
  await until('the port to be back', async () =>
    when(/default_peer/.test(await cluster.nbctl('lsp-list', 'gw1'))),
  );
  t.is((await cluster.nbctl('lsp-get-addresses', 'default_peer')).trim(), `${pod.mac} ${pod.v4} ${pod.v6}`);
  t.is(
    (await cluster.nbctl('lsp-get-port-security', 'default_peer')).trim(),
    `${pod.mac} ${pod.v4} ${pod.v6}`,
  );
  await until('its interface to be bound', async () => when((await binding('peer')).isBound));
});

for (const [what, addresses] of [
  ['MAC dynamic', ['lsp-set-addresses', 'default_victim', '0a:00:00:00:00:55 dynamic']],
  [
    'an address that cannot be read',
    ['set', 'Logical_Switch_Port', 'default_victim', 'addresses="MAC dynamic"'],
  ],
] as const)
  kubeTest(`a port with ${what} leaves all other pods served`, async (t) => {
    await cluster.nbctl(...addresses);
    const name = `after-${addresses[0]}`;
    await kubernetes.apply(podManifest(name, 'gw1'));
    t.regex((await annotated(name)).v4, /^10\.244\.2\./);
    if (what === 'MAC dynamic') {
      const { mac } = await annotated('victim', (pod) => String(pod.mac) === '0a:00:00:00:00:55');
      t.regex(
        await cluster.nbctl('lsp-get-port-security', 'default_victim'),
        new RegExp(`^${mac} 10\\.244\\.2\\.`),
      );
    } else {
      await watcher.says(/WARN\|Pod default\/victim: Logical_Switch_Port default_victim: .*MAC dynamic/);
      t.regex(await status(), /problem: +Pod default\/victim: Logical_Switch_Port default_victim: /);
    }
  });

kubeTest(
  'a patch of pods/status keeps the annotation and drops a changed image; pods themselves are refused',
  async (t) => {
    const path = '/api/v1/namespaces/default/pods/peer';
    const token = ACCOUNT_TOKENS['ovn-k8s-watcher'];
    const patch = {
      metadata: { annotations: { tried: 'yes' } },
      spec: { containers: [{ name: 'main', image: 'evil' }] },
    };
    t.is((await kubernetes.patch(path, token, patch)).status, 403);
    t.is((await kubernetes.patch(`${path}/status`, token, patch)).status, 200);
    const { metadata, spec } = await read('peer');
    t.is(metadata.annotations?.tried, 'yes');
    t.is(spec.containers[0]?.image, 'none');
    const other = {
      metadata: { uid: '00000000-0000-4000-8000-000000000000', annotations: { tried: 'again' } },
    };
    // 409 since Kubernetes 1.21.
    t.true([409, 422].includes((await kubernetes.patch(`${path}/status`, token, other)).status));
    t.is((await read('peer')).metadata.annotations?.tried, 'yes');
    t.is((await kubernetes.patch('/api/v1/namespaces/default/pods/absent/status', token, other)).status, 404);
  },
);

kubeTest("a pod named like a gateway's port loses it to the gateway, and cannot take it", async (t) => {
  const namespace = 'breth0';
  await kubernetes.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await kubernetes.apply(podManifest('gw1', 'gw1', {}, { namespace }));
  await until('the port of the pod', async () =>
    when(/breth0_gw1/.test(await cluster.nbctl('lsp-list', 'gw1'))),
  );
  const output = await overlayWell(gw1, ...gatewayInit(gw1));
  t.regex(output, /Logical_Switch_Port breth0_gw1 was that of Pod breth0\/gw1 and is the gateway's now/);
  t.notRegex(await cluster.nbctl('lsp-list', 'gw1'), /breth0_gw1/);
  t.regex(await cluster.nbctl('lsp-list', 'ext_gw1'), /breth0_gw1/);
  await watcher.says(/WARN\|Pod breth0\/gw1: Logical_Switch_Port breth0_gw1 exists and belongs to no pod/);
  t.is((await cluster.nbctl('lsp-get-addresses', 'breth0_gw1')).trim(), 'unknown');
  await kubernetes.kubectl('delete', 'pod', 'gw1', `--namespace=${namespace}`, '--grace-period=0', '--force');
  await watcher.says(/INFO\|no longer: Pod breth0\/gw1/);
  t.regex(await cluster.nbctl('lsp-list', 'ext_gw1'), /breth0_gw1/);
});

interface PodObject {
  readonly metadata: { readonly uid: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
}

async function read(pod: string): Promise<PodObject> {
  return JSON.parse(await kubernetes.kubectl('get', 'pod', pod, '-o', 'json'));
}

/** Waits for an annotation of the watcher that fits. */
function annotated(name: string, fits: (pod: Pod) => boolean = () => true): Promise<Pod> {
  return until(`Pod ${name} to be annotated`, async () => {
    const { metadata } = await read(name).catch(() => ({ metadata: undefined }));
    const text = metadata?.annotations?.ovn;
    if (metadata === undefined || text === undefined) return undefined;
    const { ip_address, mac_address, gateway_ip } = JSON.parse(text);
    const [v4 = '', v6 = '::'] = ip_address.split(',').map((one: string) => one.split('/')[0]);
    const pod: Pod = {
      uid: metadata.uid,
      mac: parseMac(mac_address),
      v4: parseIp(v4),
      v6: parseIp(v6),
      gateways: gateway_ip.split(','),
    };
    return fits(pod) ? pod : undefined;
  });
}

/** Plugs a namespace into a pod's port, as the CNI plugin does. */
async function plug(
  name: string,
  { uid, mac, v4, v6, gateways }: Pod,
  { netns = name, on = gw1 }: { readonly netns?: string; readonly on?: Node } = {},
): Promise<Namespace> {
  const addresses = [`${v4}/24`, `${v6}/64`];
  const net = await cluster.plug(on, `default_${name}`, { addresses, gateways, mac, uid }, netns);
  namespaces.set(netns, net);
  return net;
}

/** Returns what the southbound has of a pod's port. */
async function binding(name: string) {
  const text = await cluster.master.host.exec([
    ...['ovn-sbctl', '--timeout=10', '--format=json', '--columns=external_ids,options,chassis'],
    ...['find', 'Port_Binding', `logical_port=default_${name}`],
  ]);
  const [[ids, options, chassis] = [[], [], []]] = JSON.parse(text).data;
  const maps = [ids, options].map((map) => Object.fromEntries(map[1] ?? []));
  return {
    uid: maps[0]?.['pod-uid'],
    version: maps[1]?.['iface-id-ver'],
    isBound: chassis[0] === 'uuid',
  };
}

function status(): Promise<string> {
  return cluster.master.host.appctl('-t', 'ovn-k8s-watcher', 'status');
}
