import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Flood } from '../../lab/flood.js';
import { arp, ethernet, icmp, transport } from '../../lab/frames.js';
import { Lab } from '../../lab/lab.js';
import { labTest } from '../../lab/lab_test.js';
import { cable } from '../../lab/link.js';
import type { Namespace } from '../../lab/namespace.js';
import { PROJECT } from '../../lab/project.js';
import { RingAgent, totalOf } from '../../lab/ring.js';
import { until, when } from '../../lab/until.js';
import { sleep } from '../../src/daemon/sleep.js';
import { gatewayFacts } from '../../src/demux/classifier.js';
import { openRing } from '../../src/native.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { GATEWAY, IP4, IP6, MAC } from '../demux/sample.js';

const OTHER = parseMac('02:00:00:00:00:01');
const link = { dst: MAC, src: OTHER };
const from = (n: number) => parseIp(`198.51.100.${n}`);

/** A frame of each of several classes. */
const MIX: Readonly<Record<string, Buffer>> = {
  'pod-return': transport(
    link,
    { src: from(1), dst: IP4 },
    'tcp',
    { src: 443, dst: 61_001 },
    Buffer.alloc(8),
  ),
  management: transport(link, { src: from(2), dst: IP4 }, 'tcp', { src: 40_000, dst: 22 }, Buffer.alloc(8)),
  tunnel: transport(link, { src: from(3), dst: IP4 }, 'udp', { src: 9, dst: 6081 }, Buffer.alloc(1_400)),
  'echo-request': icmp(link, { src: parseIp('2001:db8::9'), dst: IP6 }, 128, Buffer.alloc(12)),
  'neighbour-request': arp(
    { dst: parseMac('ff:ff:ff:ff:ff:ff'), src: OTHER },
    1,
    OTHER,
    from(4),
    IP4,
    Buffer.alloc(4),
  ),
};

interface Wire {
  readonly lab: Lab;
  readonly net: Namespace;
  readonly outside: Namespace;
  readonly flood: Flood;
}

/** Makes two namespaces with a cable between them. Neither sends anything by itself. */
async function wire(t: ExecutionContext<unknown>): Promise<Wire> {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const [net, outside] = await Promise.all([lab.namespace('host'), lab.namespace('outside')]);
  for (const one of [net, outside]) await one.sysctl({ 'net.ipv6.conf.default.disable_ipv6': 1 });
  const flood = await Flood.build(lab);
  await cable({ in: net, name: 'eth0', mac: MAC }, { in: outside, name: 'lan', mac: OTHER });
  return { lab, net, outside, flood };
}

labTest(
  'each frame that arrives is counted in its class, with its bytes, its sender and a sample',
  async (t) => {
    const { net, outside, flood } = await wire(t);
    const agent = await RingAgent.start(net, 'eth0');
    const frames = Object.values(MIX);
    await flood.send(outside, 'lan', 100 * frames.length, frames);
    const report = await agent.seen(100 * frames.length);
    for (const [name, frame] of Object.entries(MIX)) {
      t.is(report.packets[name], 100, name);
      t.is(report.bytes[name], 100 * frame.length, name);
      t.true(report.samples.includes(name), name);
    }
    t.is(totalOf(report), 500);
    t.like(report, { dropped: 0, leaving: 0, malformed: 0 });
    t.true(
      report.talkers.some(
        (one) => one.address === '2001:db8::9' && one.class === 'echo-request' && one.packets === 100,
      ),
      JSON.stringify(report.talkers),
    );
    t.is(await agent.running.stop(), 0);
  },
);

labTest(
  'a frame that the host sends counts as leaving on the NIC, and as entering on the bridge',
  async (t) => {
    const { net, flood } = await wire(t);
    const sent = transport(
      { dst: OTHER, src: MAC },
      { src: IP4, dst: from(9) },
      'tcp',
      { src: 22, dst: 40_000 },
      Buffer.alloc(8),
    );
    const [nic, bridge] = [await RingAgent.start(net, 'eth0'), await RingAgent.start(net, 'eth0', 'local')];
    await flood.send(net, 'eth0', 50, [sent]);
    t.like(await bridge.seen(50), { packets: { 'host-out': 50 }, leaving: 0 });
    const report = await until('all frames to be counted as leaving', async () => {
      const one = await nic.ask();
      return typeof one === 'object' && one.leaving === 50 ? one : undefined;
    });
    t.is(totalOf(report), 0);
    await Promise.all([nic.running.stop(), bridge.running.stop()]);
  },
);

labTest(
  'a VLAN tag that the kernel strips still counts: a tagged frame is of class other, but not one of VLAN 0',
  async (t) => {
    const { net, outside, flood } = await wire(t);
    const agent = await RingAgent.start(net, 'eth0');
    const plain = MIX.management ?? Buffer.alloc(0);
    const tagged = ethernet({ ...link, vlan: 7 }, 0x0800, plain.subarray(14));
    const priority = ethernet({ ...link, vlan: 0x6000 }, 0x0800, plain.subarray(14));
    const twice = ethernet({ ...link, vlan: 0x6000 }, 0x8100, tagged.subarray(14));
    await flood.send(outside, 'lan', 40, [tagged, plain, priority, twice]);
    const report = await agent.seen(40);
    t.is(report.packets.other, 20);
    t.is(report.packets.management, 20);
    t.is(report.bytes.other, 10 * tagged.length + 10 * twice.length);
    await agent.running.stop();
  },
);

labTest('a reader that is stopped for 300 ms in a flood loses no frame', async (t) => {
  const { net, outside, flood } = await wire(t);
  const agent = await RingAgent.start(net, 'eth0');
  const count = 400_000;
  const before = receivedBy(await net.exec(['ip', '-s', '-j', 'link', 'show', 'eth0']));
  const sending = flood.send(outside, 'lan', count, Object.values(MIX));
  await until('the flood', async () => {
    const report = await agent.ask();
    return when(typeof report === 'object' && totalOf(report) > 10_000);
  });
  process.kill(agent.running.pid, 'SIGSTOP');
  // The duration is what is tested: the ring must hold the frames of 300 ms.
  await sleep(300);
  process.kill(agent.running.pid, 'SIGCONT');
  await sending;
  const arrived = receivedBy(await net.exec(['ip', '-s', '-j', 'link', 'show', 'eth0'])) - before;
  const report = await agent.seen(arrived);
  t.is(totalOf(report), arrived);
  t.is(report.dropped, 0);
  await agent.running.stop();
});

labTest('an interface that is down, deleted, missing or not Ethernet is one line', async (t) => {
  const { net } = await wire(t);
  const agent = await RingAgent.start(net, 'eth0');
  await net.ip('link set eth0 down');
  await until('the reader to report the interface', async () =>
    when((await agent.ask()) === 'error: eth0 is down; run ip link set eth0 up'),
  );
  await agent.running.stop();
  await net.ip('link set eth0 up');
  const again = await RingAgent.start(net, 'eth0');
  await net.ip('link del eth0');
  await until('the reader to report the interface', async () =>
    when(/^error: eth0 has gone; /.test(String(await again.ask()))),
  );
  await again.running.stop();
  const none = await RingAgent.start(net, 'eth0');
  t.regex(none.running.output, /^error: there is no interface eth0; /);
  await net.ip('tuntap add tun0 mode tun', 'link set tun0 up');
  const tun = await RingAgent.start(net, 'tun0');
  t.regex(tun.running.output, /^error: tun0 is not Ethernet/);
});

labTest('without CAP_NET_RAW the error names the capability', async (t) => {
  const { net } = await wire(t);
  const { exitCode, stdout } = await net.attempt([
    ...['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw', '--'],
    ...[process.execPath, '--import=tsx', join(PROJECT, 'lab/ring_agent.ts'), 'eth0', 'phys'],
  ]);
  t.is(exitCode, 1);
  t.regex(stdout, /^error: eth0: reading packets needs CAP_NET_RAW; run this as root/);
});

labTest('a worker thread that reads in a flood ends cleanly while the process lives', async (t) => {
  const { net, outside, flood } = await wire(t);
  const agent = join(PROJECT, 'lab/ring_agent.ts');
  const running = net.spawn([process.execPath, '--import=tsx', agent, 'eth0', 'phys', 'thread']);
  await running.says(/reading/, 20_000);
  const sending = flood.send(outside, 'lan', 100_000, Object.values(MIX));
  process.kill(running.pid, 'SIGUSR2');
  await running.says(/terminated/);
  await sending;
  // A ring that is still open shows as mapped memory of its socket (proc(5)).
  t.false(readFileSync(`/proc/${running.pid}/maps`, 'utf8').includes('socket:'));
  t.is(await running.stop(), 0);
});

test('invalid arguments are refused before a socket is opened', (t) => {
  const facts = gatewayFacts(GATEWAY);
  const nonsense: unknown = Number.NaN;
  t.throws(() => openRing(nonsense as string, 'both', 0, false, facts), { instanceOf: TypeError });
  t.throws(() => openRing('lo', 'both', 9, false, facts), { instanceOf: RangeError });
  t.throws(() => openRing('lo', 'both', 0, false, {} as typeof facts), { instanceOf: TypeError });
});

function receivedBy(json: string): number {
  const [{ stats64 }] = JSON.parse(json) as [{ stats64: { rx: { packets: number } } }];
  return stats64.rx.packets;
}
