import type { ExecutionContext } from 'ava';
import { arp } from '../../lab/frames.js';
import { Lab } from '../../lab/lab.js';
import { labTest } from '../../lab/lab_test.js';
import { cable } from '../../lab/link.js';
import type { Namespace } from '../../lab/namespace.js';
import { NEIGHBOUR_AGENT } from '../../lab/neighbour.js';
import { Taps } from '../../lab/taps.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

const MAC = { here: '02:00:00:00:00:01', one: '02:00:00:00:00:11', two: '02:00:00:00:00:12' };
const ADDRESS = { v4: '203.0.113.1', v6: '2001:db8::1' };

/** Starts three hosts on one network segment. With `twins` two of them have the same addresses. */
async function begin(t: ExecutionContext, { twins = false } = {}) {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const [here, hub, one, two] = await Promise.all(
    ['here', 'hub', 'one', 'two'].map((label) => lab.namespace(label)),
  );
  if (here === undefined || hub === undefined || one === undefined || two === undefined) throw new Error();
  await hub.ip('link add lan type bridge mcast_snooping 0', 'link set lan up');
  for (const [label, net, mac] of [
    ['here', here, MAC.here],
    ['one', one, MAC.one],
    ['two', two, MAC.two],
  ] as const) {
    await cable({ in: net, name: 'eth0', mac }, { in: hub, name: label });
    await hub.ip(`link set ${label} master lan`);
  }
  for (const net of twins ? [one, two] : [one])
    await net.ip(`addr add ${ADDRESS.v4}/24 dev eth0`, `addr add ${ADDRESS.v6}/64 dev eth0 nodad`);
  await here.ip('addr add 203.0.113.10/24 dev eth0', 'addr add 2001:db8::10/64 dev eth0 nodad');
  return { here, one, two };
}

async function ask(net: Namespace, ...args: readonly string[]) {
  return JSON.parse(await net.exec([...NEIGHBOUR_AGENT, ...args]));
}

labTest('a neighbour is resolved in both families, with a sender address and without one', async (t) => {
  const { here } = await begin(t);
  for (const args of [
    [ADDRESS.v4, '203.0.113.10'],
    [ADDRESS.v6, '2001:db8::10'],
    [ADDRESS.v4],
    [ADDRESS.v6],
  ]) {
    const { macs, rttMs, asked } = await ask(here, 'resolve', 'eth0', ...args);
    t.deepEqual(macs, [MAC.one], args.join());
    t.is(asked, 1);
    t.true(rttMs[0] > 0 && rttMs[0] < 100, `${rttMs}`);
  }
});

labTest('two hosts that answer for one address are both found', async (t) => {
  const { here } = await begin(t, { twins: true });
  for (const [address, source] of [
    [ADDRESS.v4, '203.0.113.10'],
    [ADDRESS.v6, '2001:db8::10'],
  ] as const) {
    const { macs } = await ask(here, 'resolve', 'eth0', address, source);
    t.deepEqual(macs.toSorted(), [MAC.one, MAC.two]);
  }
});

labTest('a probe finds the host that has an address, and no host for a free address', async (t) => {
  const { here } = await begin(t);
  t.deepEqual(await ask(here, 'probe', 'eth0', '203.0.113.10', ADDRESS.v4, ADDRESS.v6, '2001:db8::10'), [
    { address: ADDRESS.v4, mac: MAC.one },
    { address: ADDRESS.v6, mac: MAC.one },
  ]);
});

labTest('announcements arrive once each, and replace the MACs that neighbours had', async (t) => {
  const { here, one } = await begin(t);
  await one.ip(
    'neigh add 203.0.113.99 lladdr 02:00:00:00:00:99 dev eth0 nud stale',
    'neigh add 2001:db8::99 lladdr 02:00:00:00:00:99 dev eth0 nud stale',
  );
  const taps = await Taps.open(one, ['eth0']);
  const addresses = Array.from({ length: 300 }, (_, i) => `198.51.${i >> 8}.${i & 255}`);
  await ask(here, 'announce', 'eth0', ...addresses, '203.0.113.99', '2001:db8::99');
  const bytes = (address: string) => Buffer.from(address.split('.').map(Number));
  for (const address of addresses) {
    const twice = Buffer.concat([bytes(address), Buffer.alloc(6), bytes(address)]);
    await taps.arrived('eth0', twice);
    t.is(taps.count('eth0', twice), 1);
  }
  const known = await one.exec(['ip', 'neigh', 'show', 'dev', 'eth0']);
  t.regex(known, new RegExp(`203\\.0\\.113\\.99 lladdr ${MAC.here}`));
  t.regex(known, new RegExp(`2001:db8::99 lladdr ${MAC.here}`));
});

labTest(
  'messages of other hosts are received, also with a priority tag, but not those in a VLAN',
  async (t) => {
    const { here, one } = await begin(t);
    const listening = here.spawn([...NEIGHBOUR_AGENT, 'listen', 'eth0']);
    await listening.says(/ready/);
    const taps = await Taps.open(one, ['eth0']);
    const link = { dst: parseMac('ff:ff:ff:ff:ff:ff'), src: parseMac(MAC.one) };
    const ask = (vlan: number, target: string) =>
      taps.inject(
        'eth0',
        arp({ ...link, vlan }, 1, parseMac(MAC.one), parseIp('192.0.2.1'), parseIp(target), Buffer.alloc(8)),
      );
    for (const tci of [7, 0x6007]) ask(tci, '192.0.2.7');
    ask(0, '198.51.100.10');
    ask(0x6000, '198.51.100.13');
    await one.attempt(['ping', '-c1', '-W1', '203.0.113.10']);
    await one.attempt(['ping', '-c1', '-W1', '2001:db8::10']);
    await listening.says(/"kind":"request","family":4,"target":"203.0.113.10","sender":"203.0.113.1"/);
    await listening.says(/"kind":"request","family":6,"target":"2001:db8::10","sender":"2001:db8::1"/);
    for (const target of ['198.51.100.10', '198.51.100.13'])
      await listening.says(new RegExp(`"kind":"request","family":4,"target":"${target}"`));
    t.notRegex(listening.output, /192\.0\.2\.7/);
    await listening.stop();
  },
);

labTest('a listener is notified if its interface goes down or away, and the process ends', async (t) => {
  const { here } = await begin(t);
  for (const change of ['link set eth0 down', 'link set eth0 up', 'link del eth0']) {
    if (change === 'link set eth0 up') {
      await here.ip(change);
      continue;
    }
    const listening = here.spawn([...NEIGHBOUR_AGENT, 'listen', 'eth0']);
    await listening.says(/ready/);
    await here.ip(change);
    await listening.says(/"code":"ERR_LINK_DOWN","message":"eth0 is down or has gone/);
    t.is(await listening.exited, 0);
  }
});

labTest('an interface that cannot be used is an error in one line', async (t) => {
  const { here } = await begin(t);
  await here.ip('link add d0 type veth peer name d1');
  t.like(await ask(here, 'resolve', 'd0', ADDRESS.v4), { code: 'ERR_LINK_DOWN' });
  t.like(await ask(here, 'resolve', 'lo', ADDRESS.v4), { code: 'ERR_NOT_ETHERNET' });
  t.like(await ask(here, 'resolve', 'eth9', ADDRESS.v4), { code: 'ERR_NO_INTERFACE' });
  const powerless = await here.exec([
    ...['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw'],
    ...[...NEIGHBOUR_AGENT, 'resolve', 'eth0', ADDRESS.v4],
  ]);
  t.like(JSON.parse(powerless), { code: 'ERR_NO_NET_RAW' });
});
