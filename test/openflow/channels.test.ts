import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { until, when } from '../../lab/until.js';
import { demuxFlows } from '../../src/demux/table.js';
import type { FlowChannel, SwitchNews } from '../../src/openflow/channel.js';
import { CHANNELS, type ChannelName } from '../../src/openflow/channels.js';
import { partOfOurCookies } from '../../src/openflow/cookie.js';
import { type Flow, flow, type InstalledFlow } from '../../src/openflow/flow.js';
import { term } from '../../src/openflow/match.js';
import { readFlows } from '../../src/openflow/read_flows.js';
import { byKey, diffFlows } from '../../src/openflow/reconcile.js';
import { CONNTRACK, GATEWAY, port } from '../demux/sample.js';
import { anyFlows } from './random_flows.js';

const FLOWS = demuxFlows({ ...GATEWAY, demux: CONNTRACK, otherPorts: true });
const FOREIGN = 'cookie=0xabc,priority=7,udp,tp_dst=7,actions=drop';
/** The flow that OVS makes by itself on a standalone bridge. */
const STANDALONE = ' priority=0 actions=NORMAL';

/** Starts a switch, and makes the channel to it. */
async function start(t: ExecutionContext, name: ChannelName) {
  const ovs = await DummySwitch.start();
  const stop = new AbortController();
  t.teardown(async () => {
    stop.abort();
    await ovs.dispose();
  });
  const channel = CHANNELS[name]({ bridge: BRIDGE, rundir: ovs.rundir });
  const news: SwitchNews[] = [];
  const watch = () => {
    channel.watch((one) => news.push(one), stop.signal);
    return reported(news, 'up');
  };
  return { ovs, channel, news, watch };
}

function reported(news: readonly SwitchNews[], last: SwitchNews): Promise<true> {
  return until(`the news "${last}"`, () => when(news.at(-1) === last));
}

async function settle(channel: FlowChannel, desired: readonly Flow[]): Promise<void> {
  await channel.apply(diffFlows(byKey(desired), byKey(await readFlows(channel))));
}

const meaning = ({ cookie, key, text }: Flow | InstalledFlow) => ({ cookie, key, text });
const inOrder = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
const meanings = (flows: readonly (Flow | InstalledFlow)[]) => flows.map(meaning).toSorted(inOrder);

for (const name of ['ofctl', 'openflow'] as const) {
  test.serial(`${name}: our flows are read back as they were made, and no others`, async (t) => {
    const { ovs, channel } = await start(t, name);
    await ovs.ofctl('add-flow', FOREIGN);
    t.deepEqual(await readFlows(channel), []);
    await channel.apply({ add: FLOWS, remove: [] });
    t.deepEqual(meanings(await readFlows(channel)), meanings(FLOWS));
    const parts = [0, 1, 2, 3].map((index) => readFlows(channel, partOfOurCookies(index, 4)));
    t.deepEqual(meanings((await Promise.all(parts)).flat()), meanings(FLOWS));
    await settle(channel, FLOWS.slice(0, 3));
    t.deepEqual(meanings(await readFlows(channel)), meanings(FLOWS.slice(0, 3)));
    await settle(channel, []);
    // One of our flows had replaced the switch's own flow.
    t.deepEqual(await ovs.dump(), [' cookie=0xabc, priority=7,udp,tp_dst=7 actions=drop']);
  });

  test.serial(
    `${name}: a flow of another program that replaced ours stays when ours is deleted`,
    async (t) => {
      const { ovs, channel } = await start(t, name);
      const ours = flow(
        { table: 0, priority: 5, match: [term('reg0', 1)], actions: [] },
        () => 0x6b38000000000001n,
      );
      await channel.apply({ add: [ours], remove: [] });
      await ovs.ofctl('add-flow', 'cookie=0xabc,priority=5,reg0=0x1,actions=drop');
      await channel.apply({ add: [], remove: [ours] });
      t.true((await ovs.dump()).includes(' cookie=0xabc, priority=5,reg0=0x1 actions=drop'));
    },
  );

  test.serial(
    `${name}: a flow of ours that another program altered is read as a different one, and can be deleted`,
    async (t) => {
      const { ovs, channel } = await start(t, name);
      const cookie = 'cookie=0x6b38000000000001';
      await ovs.ofctl('add-flow', `${cookie},priority=5,tcp,tcp_flags=+syn,actions=mod_vlan_vid:3,output:2`);
      await ovs.ofctl('add-flow', `${cookie},priority=6,tcp,actions=dec_ttl,output:2`);
      const found = await readFlows(channel);
      t.is(found.length, 2);
      t.deepEqual(diffFlows(byKey<Flow>([]), byKey(found)).remove.length, 2);
      await settle(channel, []);
      t.deepEqual(await ovs.dump(), [STANDALONE]);
    },
  );

  test.serial(
    `${name}: a bundle with one flow that the switch refuses changes nothing, and the error names it`,
    async (t) => {
      const { ovs, channel } = await start(t, name);
      await channel.apply({ add: FLOWS, remove: [] });
      const before = await ovs.dump();
      const [first] = FLOWS;
      if (first === undefined) return t.fail();
      const wrong = flow(
        { table: 0, priority: 9, match: [term('reg0', 2)], actions: [{ kind: 'ct', zone: 5 }] },
        () => 0x6b38000000000001n,
      );
      const right = flow(
        { table: 0, priority: 9, match: [term('reg0', 1)], actions: [] },
        () => 0x6b38000000000001n,
      );
      const error = await t.throwsAsync(channel.apply({ add: [right, wrong, right], remove: [first] }), {
        code: 'ERR_BUNDLE_REFUSED',
      });
      const refused = 'br0: the switch refused a bundle of flows: ';
      t.true(error?.message.startsWith(`${refused}${wrong.text}: `), error?.message);
      t.regex(error?.message ?? '', /OFPBAC_MATCH_INCONSISTENT/);
      t.deepEqual(await ovs.dump(), before);
      const alone = await t.throwsAsync(channel.apply({ add: [wrong], remove: [] }), {
        code: 'ERR_BUNDLE_REFUSED',
      });
      t.true(alone?.message.startsWith(`${refused}${wrong.text}: `), alone?.message);
      t.deepEqual(await ovs.dump(), before);
      await settle(channel, FLOWS.slice(1));
      t.is((await readFlows(channel)).length, FLOWS.length - 1, 'and the next bundle is committed');
    },
  );

  test.serial(`${name}: the error of a bundle that overflows a table names a flow`, async (t) => {
    const { ovs, channel } = await start(t, name);
    const limit = ['--id=@table', 'create', 'Flow_Table', 'flow_limit=3'];
    await ovs.vsctl(...limit, '--', 'set', 'Bridge', BRIDGE, 'flow_tables:0=@table');
    const before = await ovs.dump();
    const five = [1, 2, 3, 4, 5].map((reg) =>
      flow({ table: 0, priority: 9, match: [term('reg0', reg)], actions: [] }, () => 0x6b38000000000001n),
    );
    await t.throwsAsync(channel.apply({ add: five, remove: [] }), {
      code: 'ERR_BUNDLE_REFUSED',
      message: /^br0: the switch refused a bundle of flows: .*priority=9,reg0=0x3\b.*: OFPFMFC_TABLE_FULL$/,
    });
    t.deepEqual(await ovs.dump(), before);
  });

  test.serial(`${name}: the fragment mode and the ports without flooding can be set and read`, async (t) => {
    const { ovs, channel } = await start(t, name);
    t.deepEqual(await channel.readSettings(), { fragments: 'normal', noFlood: new Set() });
    await channel.setFragments('nx-match');
    await channel.setNoFlood(port(2), true);
    t.deepEqual(await channel.readSettings(), { fragments: 'nx-match', noFlood: new Set([port(2)]) });
    t.regex(await ovs.ofctl('get-frags'), /nx-match/);
    t.regex(await ovs.ofctl('show'), /NO_FLOOD/);
    await channel.setNoFlood(port(2), false);
    await channel.setFragments('normal');
    t.deepEqual(await channel.readSettings(), { fragments: 'normal', noFlood: new Set() });
    await t.throwsAsync(channel.setNoFlood(port(9), true), { code: 'ERR_SWITCH_UNREACHABLE' });
  });

  test.serial(
    `${name}: it reports that a switch is up, changed by another program, gone, and back`,
    async (t) => {
      const { ovs, channel, news, watch } = await start(t, name);
      await watch();
      await channel.apply({ add: FLOWS, remove: [] });
      t.is((await readFlows(channel)).length, FLOWS.length);
      t.deepEqual(news, ['up'], 'the channel does not report its own bundle');
      await ovs.ofctl('del-flows', 'tcp');
      await reported(news, 'changed');
      await ovs.killSwitch();
      await reported(news, 'down');
      await t.throwsAsync(readFlows(channel), { code: 'ERR_SWITCH_UNREACHABLE' });
      await ovs.startSwitch();
      await reported(news, 'up');
      t.deepEqual(await readFlows(channel), []);
      await settle(channel, FLOWS);
      t.deepEqual(meanings(await readFlows(channel)), meanings(FLOWS));
    },
  );

  test.serial(`${name}: a switch that does not exist is unreachable`, async (t) => {
    const channel = CHANNELS[name]({ bridge: 'none', rundir: '/nonexistent' });
    await t.throwsAsync(readFlows(channel), { code: 'ERR_SWITCH_UNREACHABLE', message: /^none: / });
    await t.throwsAsync(channel.readSettings(), { code: 'ERR_SWITCH_UNREACHABLE', message: /^none: / });
  });
}

test.serial('both channels install the same table for any flows of the model', async (t) => {
  const [ofctl, openflow] = [await start(t, 'ofctl'), await start(t, 'openflow')];
  await openflow.watch();
  await fc.assert(
    fc.asyncProperty(anyFlows, async (flows) => {
      for (const { channel } of [ofctl, openflow]) await settle(channel, flows);
      const dumps = await Promise.all([ofctl.ovs.dump(), openflow.ovs.dump()]);
      t.deepEqual(dumps[1], dumps[0]);
      t.is(dumps[0].length, flows.length + 1, 'ours, and the one of a standalone bridge');
      t.deepEqual(meanings(await readFlows(openflow.channel)), meanings(flows));
      t.deepEqual(meanings(await readFlows(ofctl.channel)), meanings(flows));
    }),
    { numRuns: 25 },
  );
});
