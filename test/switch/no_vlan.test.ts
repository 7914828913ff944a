import test from 'ava';
import { execa } from 'execa';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { NO_VLAN } from '../../src/switch/patch_pair.js';

const PATCH = 2;
const BROADCAST = 'dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff';

/** Returns the ports that Open vSwitch forwards a packet to. */
async function forwards(ovs: DummySwitch, inPort: number, packet: string): Promise<number[]> {
  const { stdout } = await execa('ovs-appctl', [
    ...['-t', ovs.control, 'ofproto/trace', BRIDGE, `in_port=${inPort},${packet}`],
  ]);
  const [, actions = ''] = /^Datapath actions: (.*)$/m.exec(stdout) ?? [];
  return [...actions.matchAll(/\b(?<!\()\d+/g)].map(([port]) => Number(port)).toSorted((a, b) => a - b);
}

test('NORMAL forwards nothing from or to a port that carries no VLAN, and flows that name the port do', async (t) => {
  const ovs = await DummySwitch.start();
  t.teardown(() => ovs.dispose());
  t.deepEqual(await forwards(ovs, 1, BROADCAST), [2, 3, 4, 100], 'as it is without the setting');
  await ovs.vsctl('set', 'Port', `p${PATCH}`, `trunks=${NO_VLAN.join()}`);
  for (const packet of [BROADCAST, `${BROADCAST},dl_vlan=7`, `${BROADCAST},dl_vlan=0,dl_vlan_pcp=3`]) {
    t.deepEqual(await forwards(ovs, PATCH, packet), [], `from it: ${packet}`);
    t.false((await forwards(ovs, 1, packet)).includes(PATCH), `to it: ${packet}`);
  }
  await ovs.ofctl('add-flow', `priority=1,in_port=1,actions=output:${PATCH}`);
  await ovs.ofctl('add-flow', `priority=1,in_port=${PATCH},actions=output:1`);
  t.deepEqual(await forwards(ovs, 1, BROADCAST), [PATCH]);
  t.deepEqual(await forwards(ovs, PATCH, BROADCAST), [1]);
});
