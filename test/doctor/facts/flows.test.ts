import test from 'ava';
import { BRIDGE, DummySwitch } from '../../../lab/dummy_switch.js';
import { readSwitchFlows } from '../../../src/doctor/facts/flows.js';
import { formatCookie, makeCookie } from '../../../src/openflow/cookie.js';

test("the cookie of a flow decides whose it is, and the bridge's settings are read", async (t) => {
  const one = await DummySwitch.start();
  t.teardown(() => one.dispose());
  const ours = formatCookie(makeCookie(3, 'x'));
  await one.ofctl('del-flows');
  await one.ofctl('add-flow', `cookie=${ours},priority=7,tcp,actions=drop`);
  await one.ofctl('add-flow', 'cookie=0x9,priority=8,udp,actions=LOCAL');
  await one.ofctl('set-frags', 'nx-match');
  await one.ofctl('mod-port', '2', 'no-flood');
  const flows = await readSwitchFlows(BRIDGE, one.rundir, 5_000);
  t.deepEqual(
    flows.ours.map(({ key }) => key),
    ['table=0,priority=7,tcp'],
  );
  t.deepEqual(
    flows.others.map(({ cookie, text }) => `${cookie} ${text}`),
    ['9 table=0,priority=8,udp actions=LOCAL'],
  );
  t.is(flows.fragments, 'nx-match');
  t.deepEqual([...flows.noFlood].map(Number), [2]);
});

test('a bridge that does not answer is an error', async (t) => {
  await t.throwsAsync(readSwitchFlows('absent', '/nonexistent', 1_000), { code: 'ERR_SWITCH_UNREACHABLE' });
});
