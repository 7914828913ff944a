import test from 'ava';
import { type Cluster, FAR, ROUTER, startCluster } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import { cable } from '../../lab/link.js';
import { CLUSTER_SUBNET, initCluster, overlayWell, podOptions } from '../../lab/overlay.js';
import { httpGet, startWebServer } from '../../lab/web.js';

let cluster: Cluster;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['master', 'gw1'] });
  const { host } = cluster.node('gw1');
  await cable({ in: host.net, name: 'eth1' }, { in: cluster.outside, name: 'gw1-1' });
  await cluster.outside.ip('link set gw1-1 master lan');
  await host.net.ip('addr add 192.0.2.9/24 dev eth1', 'addr add 2001:db8:9::9/64 dev eth1 nodad');
  await initCluster(cluster);
});
test.after.always(() => cluster?.dispose());

const ADDRESS = { v4: '203.0.113.50', v6: '2001:db8::50' };
const GATEWAY = [
  'gateway-init',
  `--cluster-ip-subnet=${CLUSTER_SUBNET}`,
  '--physical-interface=eth1',
  `--physical-ip=${ADDRESS.v4}/24,${ADDRESS.v6}/64`,
  `--default-gw=${ROUTER.v4},${ROUTER.v6}`,
  '--node-name=gw1',
];

labTest("pods leave by the gateway's dedicated NIC, with the gateway's addresses", async (t) => {
  const gw1 = cluster.node('gw1');
  t.is(await overlayWell(gw1, ...GATEWAY), 'Initialization complete.');
  t.is(await overlayWell(gw1, ...GATEWAY), 'Initialization complete.');
  const pod = await cluster.pod(gw1, 'pod', podOptions(gw1, 2, 1));
  await startWebServer(cluster.outside);
  await cluster.settled();
  t.regex(await httpGet(pod, `http://${FAR.v4}/`), /^hello, 203\.0\.113\.50 /);
  t.regex(await httpGet(pod, `http://[${FAR.v6}]/`), /^hello, 2001:db8::50 /);
});

labTest('the NIC is on br-int under its own name, without the addresses of the host', async (t) => {
  const { host } = cluster.node('gw1');
  t.is((await host.vsctl('iface-to-br', 'eth1')).trim(), 'br-int');
  t.regex(await host.vsctl('get', 'Interface', 'eth1', 'external_ids:iface-id'), /^"?eth1_gw1"?$/);
  t.is(await host.exec(['ip', '-o', 'addr', 'show', 'dev', 'eth1', 'scope', 'global']), '');
  // If the host kept an address there, the kernel would answer a ping too.
  t.notRegex(await cluster.outside.exec(['ping', '-c2', '-i0.1', ADDRESS.v4]), /DUP/);
});

labTest('gateway-deinit returns the NIC and its addresses to the host', async (t) => {
  const gw1 = cluster.node('gw1');
  await overlayWell(gw1, 'gateway-deinit', '--node-name=gw1');
  t.notRegex(await gw1.host.vsctl('list-ports', 'br-int'), /eth1/);
  const addresses = await gw1.host.exec(['ip', '-o', 'addr', 'show', 'dev', 'eth1', 'scope', 'global']);
  t.regex(addresses, /192\.0\.2\.9\/24/);
  t.regex(addresses, /2001:db8:9::9\/64/);
  t.is(await gw1.host.exec(['nft', 'list', 'tables', 'netdev']).then((text) => text.includes('eth1')), false);
});
