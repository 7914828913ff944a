import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import test from 'ava';
import { type Cluster, ROUTER, startCluster } from '../../lab/cluster.js';
import { icmp } from '../../lab/frames.js';
import { labTest } from '../../lab/lab_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, podOptions, startGatewayHelper } from '../../lab/overlay.js';
import { PROJECT } from '../../lab/project.js';
import { Taps } from '../../lab/taps.js';
import { ipBytes, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

/** IP protocols without ports, in mode `port-range`: a pod behind a gateway, and the far host, by raw sockets. */
const AGENT = [process.execPath, join(PROJECT, 'lab/protocol_agent.mjs')];
const GRE = 47;
/** IPIP, GRE, ESP, UDP-Lite, and one that nobody has. */
const PROTOCOLS = [4, GRE, 50, 136, 200];
/** Only the host of the gateway sends by this protocol here. */
const HOSTS_OWN = 201;

let cluster: Cluster;
let pod: Namespace;
let host: Namespace;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['gw1'] });
  await initCluster(cluster, ['gw1']);
  const { master } = cluster;
  await startGatewayHelper(master);
  host = master.host.net;
  pod = await cluster.pod(master, 'pod', podOptions(master, 1, 1));
  await cluster.settled();
  const protocols = [...PROTOCOLS, HOSTS_OWN].map(String);
  await cluster.outside.spawn([...AGENT, 'echo', ...protocols]).says(/ready/);
});
test.after.always(async (t) => {
  for (const crash of (await cluster?.crashes()) ?? []) t.log(crash);
  cluster?.dispose();
});

async function ask(from: Namespace, address: string, protocol: number, bytes = 0): Promise<string> {
  return (await from.exec([...AGENT, 'ask', address, String(protocol), String(bytes)])).trim();
}

labTest('a pod is answered by protocols without ports, in both families', async (t) => {
  for (const address of [ROUTER.v4, ROUTER.v6])
    for (const protocol of PROTOCOLS)
      t.is(await ask(pod, address, protocol), 'answered', `protocol ${protocol} to ${address}`);
});

labTest('the host keeps the replies to its own tunnel, whatever a pod sends to its far end', async (t) => {
  for (const address of [ROUTER.v4, ROUTER.v6]) {
    t.is(await ask(host, address, HOSTS_OWN), 'answered');
    t.is(await ask(pod, address, HOSTS_OWN), 'silence', 'the replies are for the host');
    t.is(await ask(host, address, HOSTS_OWN), 'answered');
    // A pod was first: the host is answered from its first packet on.
    t.is(await ask(host, address, GRE), 'answered');
  }
});

labTest('the fragments of such packets reach pods, and the host', async (t) => {
  const addresses = [ROUTER.v4, ROUTER.v6];
  for (const address of addresses) t.is(await ask(host, address, HOSTS_OWN, 3_000), 'answered', address);
  // The datapath does not fragment a packet again.
  for (const device of ['lan', 'gw1']) await cluster.outside.ip(`link set ${device} mtu 1400`);
  for (const address of addresses) t.is(await ask(pod, address, 4, 3_000), 'answered', address);
});

labTest('an error that quotes a packet of ESP reaches the pod that sent it', async (t) => {
  const { v4 } = cluster.master;
  const mac = parseMac((await host.exec(['cat', '/sys/class/net/breth0/address'])).trim());
  const outsideMac = parseMac((await cluster.outside.exec(['cat', '/sys/class/net/lan/address'])).trim());
  const marker = randomBytes(8);
  t.is(await ask(pod, ROUTER.v4, 50), 'answered');
  const [inPod, outside] = [await Taps.open(pod, ['eth0']), await Taps.open(cluster.outside, ['gw1'])];
  // Fragmentation needed (RFC 1191 section 4): the next hop takes 1300 bytes.
  const head = Buffer.from([0x45, 0, 0, 0, 0, 1, 0x40, 0, 63, 50, 0, 0]);
  const quoted = Buffer.concat([
    head,
    Buffer.from([...ipBytes(parseIp(v4)), ...ipBytes(parseIp(ROUTER.v4))]),
  ]);
  quoted.writeUInt16BE(quoted.length + marker.length, 2);
  quoted.writeUInt16BE(checksum(quoted), 10);
  const rest = Buffer.concat([Buffer.from([0, 0, 0x05, 0x14]), quoted, marker]);
  const link = { dst: mac, src: outsideMac };
  outside.inject('gw1', icmp(link, { src: parseIp(ROUTER.v4), dst: parseIp(v4) }, 3, rest, 4));
  await t.notThrowsAsync(inPod.arrived('eth0', marker));
});

function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
