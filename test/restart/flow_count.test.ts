import test from 'ava';
import { DummySwitch } from '../../lab/dummy_switch.js';
import { OUR_COOKIES } from '../../src/openflow/cookie.js';
import { countFlows, FlowCounts } from '../../src/restart/flow_count.js';

test('flows are counted by the switch; one that does not answer is named', async (t) => {
  const ovs = await DummySwitch.start();
  t.teardown(() => ovs.dispose());
  t.is(await countFlows(ovs.rundir, 'br0'), 1);
  await ovs.ofctl('add-flow', 'priority=7,udp,actions=drop');
  t.is(await countFlows(ovs.rundir, 'br0'), 2);
  t.is(await countFlows(ovs.rundir, 'br0', OUR_COOKIES), 0);
  await ovs.ofctl('add-flow', `cookie=0x6b38000000000001,priority=8,udp,actions=drop`);
  t.is(await countFlows(ovs.rundir, 'br0', OUR_COOKIES), 1);
  await t.throwsAsync(countFlows(ovs.rundir, 'br1'), { code: 'ERR_NO_SWITCH', message: /^br1: / });
});

test('flows have come back when about as many as before are there, and no more come', (t) => {
  const judged = (before: number, ...counts: readonly number[]) => {
    const judge = new FlowCounts(before, 3);
    return counts.map((count) => judge.take(count));
  };
  t.deepEqual(judged(100, 0, 50, 50, 50, 50), [false, false, false, false, false]);
  t.deepEqual(judged(100, 0, 95, 99, 99, 99), [false, false, false, false, true]);
  t.deepEqual(judged(100, 120, 120, 120), [false, false, true]);
  t.true(new FlowCounts(100, 1).take(100), 'flows that come all at once');
});
