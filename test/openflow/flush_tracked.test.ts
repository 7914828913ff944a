import test from 'ava';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { until, when } from '../../lab/until.js';
import { unixctl } from '../../src/daemon/unixctl_client.js';
import { SwitchUnreachable } from '../../src/openflow/errors.js';
import { flushTracked } from '../../src/openflow/flush_tracked.js';

let ovs: DummySwitch;
test.before(async () => {
  ovs = await DummySwitch.start();
});
test.after.always(() => ovs?.dispose());

const ETHERNET = 'in_port(1),eth(src=00:00:00:00:00:01,dst=00:00:00:00:00:02)';
const IPV4 = 'eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.96.0.10,proto=PROTO,tos=0,ttl=64,frag=no)';
const IPV6 =
  'eth_type(0x86dd),ipv6(src=fd00::1,dst=fd00:10:96::a,label=0,proto=PROTO,tclass=0,hlimit=64,frag=no)';

/** Tracks a conversation with port 53 that is translated to `endpoint`, in a zone. */
async function track(protocol: 'tcp' | 'udp', packet: string, endpoint: string, zone: number): Promise<void> {
  const flow = `in_port=1,${protocol}${packet === IPV4 ? '' : '6'},actions=ct(commit,zone=${zone},nat(dst=${endpoint}))`;
  await ovs.ofctl('add-flow', flow);
  const before = await tracked();
  const ip = packet.replace('PROTO', protocol === 'udp' ? '17' : '6');
  const ports = `${protocol}(src=${4000 + zone},dst=53)${protocol === 'tcp' ? ',tcp_flags(syn)' : ''}`;
  await unixctl(ovs.control, 'netdev-dummy/receive', ['p1', `${ETHERNET},${ip},${ports}`]);
  await until('the entry', async () => when((await tracked()).length > before.length));
}

/** Returns what is tracked: protocol, the source of the reply, and the zone. */
async function tracked(): Promise<readonly string[]> {
  const text = await unixctl(ovs.control, 'dpctl/dump-conntrack');
  return [...text.matchAll(/^(\w+),.*reply=\(src=([^,]+),.*zone=(\d+)/gm)]
    .map(([, protocol, by, zone]) => `${protocol} ${by} ${zone}`)
    .toSorted();
}

test('entries of both tuples go in all zones, and no others', async (t) => {
  await track('udp', IPV4, '10.244.1.3:53', 5);
  await track('udp', IPV4, '10.244.1.3:53', 6);
  await track('udp', IPV4, '10.244.2.3:53', 7);
  await track('tcp', IPV4, '10.244.1.3:53', 8);
  await track('udp', IPV6, '[fd00::3]:53', 9);
  const rest = ['tcp 10.244.1.3 8', 'udp 10.244.2.3 7'];
  t.deepEqual(await tracked(), [rest[0], 'udp 10.244.1.3 5', 'udp 10.244.1.3 6', rest[1], 'udp fd00::3 9']);
  await flushTracked({ bridge: BRIDGE, rundir: ovs.rundir }, [
    'ct_nw_dst=10.96.0.10,ct_nw_proto=17,ct_tp_dst=53',
    'ct_nw_src=10.244.1.3,ct_nw_proto=17,ct_tp_src=53',
  ]);
  t.deepEqual(await tracked(), [...rest, 'udp fd00::3 9']);
  await flushTracked({ bridge: BRIDGE, rundir: ovs.rundir }, [
    'ct_ipv6_dst=fd00:10:96::a,ct_nw_proto=17,ct_tp_dst=53',
    'ct_ipv6_src=fd00::3,ct_nw_proto=17,ct_tp_src=53',
  ]);
  t.deepEqual(await tracked(), rest);
});

test('a bridge that is not there is named', async (t) => {
  const error = await t.throwsAsync(
    flushTracked({ bridge: 'br9', rundir: ovs.rundir }, ['ct_nw_proto=17', 'ct_nw_proto=17']),
    { instanceOf: SwitchUnreachable },
  );
  t.regex(error?.message ?? '', /^br9: /);
});
