import test from 'ava';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { demuxFlows } from '../../src/demux/table.js';
import { cleanUp } from '../../src/gateway/apply_cleanup.js';
import { CHANNELS } from '../../src/openflow/channels.js';
import { CONNTRACK, GATEWAY } from '../demux/sample.js';

for (const name of ['ofctl', 'openflow'] as const) {
  test(`${name}: cleaning up leaves one NORMAL flow, the flows of others, and normal fragments`, async (t) => {
    const ovs = await DummySwitch.start();
    t.teardown(() => ovs.dispose());
    await ovs.ofctl('del-flows');
    await ovs.ofctl('add-flow', 'cookie=0xabc,priority=7,udp,tp_dst=7,actions=drop');
    const channel = CHANNELS[name]({ bridge: BRIDGE, rundir: ovs.rundir });
    await channel.apply({ add: demuxFlows({ ...GATEWAY, demux: CONNTRACK }), remove: [] });
    await channel.setFragments('nx-match');
    t.true((await ovs.dump()).length > 10);
    await cleanUp(channel);
    t.deepEqual(
      (await ovs.dump()).map((line) => line.trim()),
      [' cookie=0xabc, priority=7,udp,tp_dst=7 actions=drop', ' priority=0 actions=NORMAL'].map((line) =>
        line.trim(),
      ),
    );
    t.regex(await ovs.ofctl('get-frags'), /normal/);
  });
}
