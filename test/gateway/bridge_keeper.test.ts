import test, { type ExecutionContext } from 'ava';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Loop } from '../../src/daemon/loop.js';
import { Problems } from '../../src/daemon/problems.js';
import { BridgeKeeper, RETRY } from '../../src/gateway/bridge_keeper.js';
import { SwitchSource } from '../../src/gateway/sources/switch.js';
import { exposureOf, type KnownExposure, NOTHING_EXPOSED } from '../../src/gateway/state_exposure.js';
import { parseIp } from '../../src/net/ip.js';
import { CHANNELS } from '../../src/openflow/channels.js';
import { OUR_COOKIES } from '../../src/openflow/cookie.js';
import { CONNTRACK, GATEWAY } from '../demux/sample.js';

const AUDIT_MS = 100;
const { served: _, nodePorts: __, ...SAMPLE } = GATEWAY;
const FRAME = { ...SAMPLE, bridge: BRIDGE, demux: CONNTRACK };
const UNKNOWN: KnownExposure = { nodePorts: undefined, served: undefined, restricted: undefined };

/** A keeper in a loop of its own, on a real switch; `known` is what services expose at the next step. */
async function begin(
  t: ExecutionContext,
  name: keyof typeof CHANNELS,
  {
    ovs,
    known = NOTHING_EXPOSED,
    auditMs = AUDIT_MS,
  }: { readonly ovs: DummySwitch; readonly known?: KnownExposure; readonly auditMs?: number },
) {
  const stop = new AbortController();
  const channel = CHANNELS[name]({ bridge: BRIDGE, rundir: ovs.rundir });
  const logged: string[] = [];
  const log = { ...SILENT, info: (line: string) => logged.push(line) };
  const problems = new Problems(SILENT);
  const loop = new Loop({ auditMs, retry: RETRY, problems });
  const keeper = new BridgeKeeper({ channel, log, problems, changed: loop.ring });
  const followed = new SwitchSource({
    bridge: BRIDGE,
    channel,
    problems,
    onNews: (news) => keeper.handle(news),
  });
  const input = { known };
  const step = async () => {
    await keeper.keep(FRAME, input.known);
  };
  const running = [followed.run(stop.signal), loop.run({ step, audit: () => keeper.audit() }, stop.signal)];
  const end = async () => {
    stop.abort();
    await Promise.all(running);
  };
  t.teardown(end);
  await keeper.sync();
  return { keeper, loop, input, logged, problems, end };
}

async function startSwitch(t: ExecutionContext): Promise<DummySwitch> {
  const ovs = await DummySwitch.start();
  t.teardown(() => ovs.dispose());
  return ovs;
}

for (const name of ['ofctl', 'openflow'] as const) {
  test(`${name}: settings that changed without an event are restored at the next audit`, async (t) => {
    const ovs = await startSwitch(t);
    const { keeper, logged } = await begin(t, name, { ovs });
    t.regex(await ovs.ofctl('get-frags'), /nx-match/);
    const before = { ...keeper.totals };
    for (const mode of ['normal', 'drop']) {
      await ovs.ofctl('set-frags', mode);
      await until('the mode to be set again', async () =>
        when(/nx-match/.test(await ovs.ofctl('get-frags'))),
      );
      t.true(logged.includes(`${BRIDGE}: fragments ${mode} -> nx-match`), logged.join('\n'));
    }
    await ovs.ofctl('mod-port', '2', 'flood');
    await until('the port to be set again', async () => when(/NO_FLOOD/.test(await ovs.ofctl('show'))));
    t.is(keeper.totals.bundles, before.bundles, 'no flow was changed');
  });

  test(`${name}: a keeper that starts while services are unknown keeps the flows of the last one`, async (t) => {
    const ovs = await startSwitch(t);
    const known = exposureOf([{ protocol: 'tcp', port: 30_080 }], [parseIp('203.0.113.80')]);
    const first = await begin(t, name, { ovs, known });
    const flows = await ovs.dump();
    t.true(flows.some((line) => line.includes('tp_dst=30080')));
    await first.end();
    const { keeper } = await begin(t, name, { ovs, known: UNKNOWN });
    t.deepEqual(await ovs.dump(), flows);
    t.is(keeper.totals.bundles, 0);
    await ovs.ofctl('del-flows', 'tcp');
    await until('the deleted flows', async () => when((await ovs.dump()).join() === flows.join()));
  });

  test(`${name}: flows follow what services expose`, async (t) => {
    const ovs = await startSwitch(t);
    const { keeper, loop, input } = await begin(t, name, { ovs });
    const before = await ovs.dump();
    input.known = exposureOf([{ protocol: 'udp', port: 30_053 }], []);
    loop.ring();
    await until('its flows', async () => when((await ovs.dump()).some((line) => /tp_dst=30053/.test(line))));
    t.is([...(keeper.state?.nodePorts ?? [])].length, 1);
    input.known = NOTHING_EXPOSED;
    loop.ring();
    await until('the flows of before', async () => when((await ovs.dump()).join() === before.join()));
  });

  test(`${name}: while the switch is away the flows are not in place, and they come back with it`, async (t) => {
    const ovs = await startSwitch(t);
    const { keeper, problems } = await begin(t, name, { ovs });
    t.true(keeper.synced);
    const flows = await ovs.dump();
    await ovs.killSwitch();
    // A step under way may fail first, and report that, until the channel has lost its connection.
    const expected = `${BRIDGE}: ovs-vswitchd does not answer`;
    await until('the problem', () => when(problems.current.join() === expected));
    t.false(keeper.synced);
    await ovs.startSwitch();
    await until('the flows', async () => when(keeper.synced && (await ovs.dump()).join() === flows.join()));
    t.deepEqual(problems.current, []);
  });
}

test('ofctl: a program that changes its own flows all the time makes the helper read at most ten times a second', async (t) => {
  const ovs = await startSwitch(t);
  const { keeper, loop } = await begin(t, 'ofctl', { ovs, auditMs: 60_000 });
  const [before, bundles] = [loop.totals.steps, keeper.totals.bundles];
  const first = performance.now();
  for (let port = 1; port <= 80; port++)
    await ovs.ofctl('add-flow', `cookie=1,tcp,tp_dst=${port},actions=drop`);
  const steps = loop.totals.steps - before;
  const seconds = (performance.now() - first) / 1_000;
  t.log(`80 changes in ${seconds} s, ${steps} steps`);
  t.true(steps >= 1 && steps <= 2 + 10 * seconds);
  t.is(keeper.totals.bundles, bundles);
  const flows = await ovs.dump();
  await ovs.ofctl('del-flows', 'icmp');
  await until('the deleted flows', async () => when((await ovs.dump()).join() === flows.join()));
});

test('ofctl: a fight about the flows is no problem any more once the switch is away', async (t) => {
  const ovs = await startSwitch(t);
  const { problems } = await begin(t, 'ofctl', { ovs, auditMs: 60_000 });
  const isFight = () => problems.current.some((one) => one.includes('someone else'));
  await until('the problem', async () => {
    await ovs.ofctl('del-flows');
    return when(isFight());
  });
  await ovs.killSwitch();
  const expected = `${BRIDGE}: ovs-vswitchd does not answer`;
  await until('only that problem', () => when(problems.current.join() === expected));
  t.pass();
});

test('without a frame nothing is sent, and nothing is in place', async (t) => {
  const keeper = new BridgeKeeper({
    channel: {
      eachFlow: async () => undefined,
      apply: async () => t.fail('a bundle was sent'),
      ...unused(t),
    },
    log: SILENT,
    problems: new Problems(SILENT),
    changed: () => undefined,
  });
  keeper.handle('up');
  t.is(await keeper.keep(undefined, NOTHING_EXPOSED), undefined);
  t.is(keeper.state, undefined);
  t.false(keeper.synced);
});

test('before the switch answers there is a state, and nothing is sent', async (t) => {
  const keeper = new BridgeKeeper({
    channel: {
      eachFlow: async (_visit, range = OUR_COOKIES) => t.fail(`flows were read: ${range.cookie}`),
      apply: async () => t.fail('a bundle was sent'),
      ...unused(t),
    },
    log: SILENT,
    problems: new Problems(SILENT),
    changed: () => undefined,
  });
  t.is(await keeper.keep(FRAME, UNKNOWN), undefined);
  t.deepEqual(keeper.state, { ...FRAME, ...NOTHING_EXPOSED });
});

/** The calls of a channel that a test does not expect. */
function unused(t: ExecutionContext) {
  const fail = async () => {
    t.fail('the switch was asked');
    throw new Error('the switch was asked');
  };
  return {
    readSettings: fail,
    setFragments: fail,
    setNoFlood: fail,
    watch: () => undefined,
    describe: () => 'a channel of a test',
    reason: () => undefined,
  };
}
