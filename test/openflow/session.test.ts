import test, { type ExecutionContext } from 'ava';
import { BRIDGE, DummySwitch } from '../../lab/dummy_switch.js';
import { until, when } from '../../lab/until.js';
import { demuxFlows } from '../../src/demux/table.js';
import type { SwitchNews } from '../../src/openflow/channel.js';
import { flow } from '../../src/openflow/flow.js';
import { term } from '../../src/openflow/match.js';
import { openflowChannel } from '../../src/openflow/openflow.js';
import { readFlows } from '../../src/openflow/read_flows.js';
import { Control } from '../../src/openflow/wire/bundle.js';
import { type Message, OFP14, Type } from '../../src/openflow/wire/message.js';
import { Part } from '../../src/openflow/wire/multipart.js';
import { GATEWAY } from '../demux/sample.js';
import { bytesOf, type Decision, ManInTheMiddle } from './man_in_the_middle.js';

const FLOWS = demuxFlows(GATEWAY);
const COOKIE = 0x6b38000000000001n;

interface Options {
  readonly timeoutMs?: number;
  readonly probeMs?: number;
  readonly protocols?: string;
  /** Sets up faults before the channel connects. */
  readonly fault?: (middle: ManInTheMiddle) => void;
}

/** Starts a switch, a proxy in front of it, and a channel that watches. */
async function start(t: ExecutionContext, { protocols, fault, ...options }: Options = {}) {
  const ovs = await DummySwitch.start(protocols);
  const middle = await ManInTheMiddle.start(ovs);
  fault?.(middle);
  const channel = openflowChannel({ bridge: BRIDGE, rundir: middle.rundir, ...options });
  const news: SwitchNews[] = [];
  const stop = new AbortController();
  channel.watch((one) => news.push(one), stop.signal);
  t.teardown(async () => {
    stop.abort();
    await middle.dispose();
    await ovs.dispose();
  });
  const reported = (...expected: readonly SwitchNews[]) =>
    until(`the news ${expected}`, () => when(expected.every((one, i) => news[i] === one)));
  return { ovs, middle, channel, news, reported, stop };
}

const isCommit = ({ type, body }: Message) =>
  type === Type.bundleControl && body.readUInt16BE(4) === Control.commit;
const isCommitReply = ({ type, body }: Message) =>
  type === Type.bundleControl && body.readUInt16BE(4) === Control.commit + 1;
const isOpen = ({ type, body }: Message) =>
  type === Type.bundleControl && body.readUInt16BE(4) === Control.open;

test.serial(
  'the outcome of an unanswered commit is unknown; the session is opened again, and the flows can be read',
  async (t) => {
    const { middle, channel, reported } = await start(t, { timeoutMs: 300 });
    await reported('up');
    middle.toChannel = (message) => (isCommitReply(message) ? 'drop' : 'pass');
    await t.throwsAsync(channel.apply({ add: FLOWS, remove: [] }), {
      code: 'ERR_BUNDLE_UNKNOWN',
      message: 'br0: no answer to a bundle of flows: no answer within 300 ms',
    });
    await reported('up', 'down', 'up');
    middle.toChannel = () => 'pass';
    t.is((await readFlows(channel)).length, FLOWS.length, 'the bundle was committed');
  },
);

test.serial(
  'a session that ends after the commit leaves the outcome unknown; one that ends before changes nothing',
  async (t) => {
    const { ovs, middle, channel, reported } = await start(t);
    await reported('up');
    middle.toSwitch = (message) => {
      if (isCommit(message)) middle.cut();
      return 'pass';
    };
    await t.throwsAsync(channel.apply({ add: FLOWS, remove: [] }), { code: 'ERR_BUNDLE_UNKNOWN' });
    await reported('up', 'down', 'up');
    const before = await ovs.dump();
    middle.toSwitch = (message) => {
      if (message.type === Type.barrierRequest) middle.cut();
      return 'drop';
    };
    await t.throwsAsync(channel.apply({ add: [], remove: FLOWS }), { code: 'ERR_SWITCH_UNREACHABLE' });
    middle.toSwitch = () => 'pass';
    await reported('up', 'down', 'up', 'down', 'up');
    t.deepEqual(await ovs.dump(), before);
  },
);

test.serial(
  'the error of a table that is full at commit names the flow, and nothing is changed',
  async (t) => {
    const { ovs, channel, reported } = await start(t);
    await reported('up');
    const limit = ['--', '--id=@t', 'create', 'Flow_Table', 'flow_limit=5', 'overflow_policy=refuse'];
    await ovs.vsctl(...['set', 'Bridge', BRIDGE, 'flow_tables:7=@t', ...limit]);
    const seven = Array.from({ length: 7 }, (_, i) =>
      flow({ table: 7, priority: 1, match: [term('reg0', i)], actions: [] }, () => COOKIE),
    );
    const refusal = await t.throwsAsync(channel.apply({ add: seven, remove: [] }), {
      code: 'ERR_BUNDLE_REFUSED',
    });
    t.regex(refusal?.message ?? '', /: table=7,priority=1,reg0=0x5 actions=drop: OFPFMFC_TABLE_FULL$/);
    t.deepEqual(await readFlows(channel), []);
  },
);

test.serial(
  'the error of a flow that OpenFlow cannot express names it, and the next bundle is committed',
  async (t) => {
    const { channel, reported } = await start(t);
    await reported('up');
    const wrong = flow({ table: 0, priority: 9, match: [term('tp_dst', 80)], actions: [] }, () => COOKIE);
    await t.throwsAsync(channel.apply({ add: [...FLOWS, wrong], remove: [] }), {
      code: 'ERR_BUNDLE_REFUSED',
      message: /: table=0,priority=9,tp_dst=80 actions=drop: tp_dst means nothing under nw_proto=any$/,
    });
    t.deepEqual(await readFlows(channel), []);
    await channel.apply({ add: FLOWS, remove: [] });
    t.is((await readFlows(channel)).length, FLOWS.length);
  },
);

test.serial('a single flow is sent without a bundle; without an answer its outcome is unknown', async (t) => {
  const { middle, channel, reported } = await start(t, { timeoutMs: 500 });
  await reported('up');
  const [one, other] = FLOWS;
  if (one === undefined || other === undefined) return t.fail();
  let opened = 0;
  middle.toSwitch = (message) => {
    if (isOpen(message)) opened += 1;
    return 'pass';
  };
  await channel.apply({ add: [one], remove: [] });
  t.is((await readFlows(channel)).length, 1);
  await channel.apply({ add: [], remove: [one] });
  t.deepEqual([(await readFlows(channel)).length, opened], [0, 0]);
  middle.toChannel = ({ type }) => (type === Type.barrierReply ? 'drop' : 'pass');
  await t.throwsAsync(channel.apply({ add: [other], remove: [] }), { code: 'ERR_BUNDLE_UNKNOWN' });
});

test.serial('at most one bundle is in flight', async (t) => {
  const { middle, channel, reported } = await start(t);
  await reported('up');
  let inFlight = 0;
  let most = 0;
  middle.toSwitch = (message) => {
    if (isOpen(message)) inFlight += 1;
    most = Math.max(most, inFlight);
    return 'pass';
  };
  middle.toChannel = (message) => {
    if (isCommitReply(message)) inFlight -= 1;
    return 'pass';
  };
  const pairs = FLOWS.map((one, index) => [one, FLOWS[(index + 1) % FLOWS.length] ?? one]);
  await Promise.all(pairs.map((add) => channel.apply({ add, remove: [] })));
  t.is(most, 1);
  t.is((await readFlows(channel)).length, FLOWS.length);
});

test.serial('a bundle that a slow switch does not read is not held as octets', async (t) => {
  const { middle, channel, reported } = await start(t);
  await reported('up');
  const many = Array.from({ length: 30_000 }, (_, i) =>
    flow({ table: 3, priority: 1, match: [term('reg0', i)], actions: [] }, () => COOKIE),
  );
  let seen = 0;
  const stalled = new Promise<() => void>((resolve) => {
    middle.toSwitch = ({ type }) => {
      if (type === Type.bundleAddMessage && ++seen === 1_000) resolve(middle.hold());
      return 'pass';
    };
  });
  const before = process.memoryUsage().arrayBuffers;
  const sent = channel.apply({ add: many, remove: [] });
  // A sender that does not wait has written all 3 MB when the first thousand messages arrive.
  const goOn = await stalled;
  const held = process.memoryUsage().arrayBuffers - before;
  t.true(held < 1_000_000, `${held} octets of some 3,000,000`);
  goOn();
  await sent;
  t.is((await readFlows(channel)).length, many.length);
});

test.serial('a switch that hangs is down, and up again when it continues', async (t) => {
  const { ovs, news, reported } = await start(t, { probeMs: 250 });
  await reported('up');
  process.kill(ovs.pid, 'SIGSTOP');
  await reported('up', 'down');
  process.kill(ovs.pid, 'SIGCONT');
  await reported('up', 'down', 'up');
  t.deepEqual(news, ['up', 'down', 'up']);
});

test.serial(
  'a quiet switch that answers echo requests is not given up, and its own are answered',
  async (t) => {
    const { middle, news, reported } = await start(t, { probeMs: 250 });
    await reported('up');
    const echoes = () => middle.sent.filter(({ type }) => type === Type.echoRequest).length;
    await until('three echo requests', () => when(echoes() >= 3));
    t.deepEqual(news, ['up']);
    const body = Buffer.from('are you there');
    middle.say(bytesOf({ version: OFP14, type: Type.echoRequest, xid: 77, body }));
    const reply = await until('the reply', () => middle.sent.find(({ type }) => type === Type.echoReply));
    t.is(reply.xid, 77);
    t.deepEqual(reply.body, body);
  },
);

test.serial('garbage ends the session, and another one is opened', async (t) => {
  const { middle, channel, reported } = await start(t);
  await reported('up');
  middle.say(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await reported('up', 'down', 'up');
  await channel.apply({ add: FLOWS, remove: [] });
  t.is((await readFlows(channel)).length, FLOWS.length);
});

test.serial('only changes of our flows and of ports are reported', async (t) => {
  const { ovs, news, reported, channel } = await start(t);
  await reported('up');
  t.regex(channel.describe(), /notified of the changes of others/);
  await channel.apply({ add: FLOWS, remove: [] });
  await ovs.ofctl('add-flow', 'cookie=0xabc,priority=7,udp,tp_dst=7,actions=drop');
  await readFlows(channel);
  t.deepEqual(news, ['up']);
  await ovs.vsctl('del-port', BRIDGE, 'p4');
  await reported('up', 'changed');
  const before = news.length;
  await ovs.ofctl('mod-flows', 'tcp,actions=drop');
  await until('news of the flows', () => when(news.length > before));
  t.is(news.at(-1), 'changed');
});

/**
 * The error with which OVS 2.15 answers a flow monitor request of OpenFlow 1.4: in OpenFlow 1.0, with another number.
 */
const NO_MONITOR = Buffer.from('0101001800000000b0c20000000023200001020600010004', 'hex');

function withoutMonitor({ version, type, body }: Message): Decision {
  const asks =
    version === OFP14 && type === Type.multipartRequest && body.readUInt16BE(0) === Part.flowMonitor;
  return asks ? NO_MONITOR : 'pass';
}

test.serial(
  'a switch before OVS 2.16 is monitored in OpenFlow 1.0, and describe() says that own changes are reported too',
  async (t) => {
    const fault = (middle: ManInTheMiddle) => {
      middle.toSwitch = withoutMonitor;
    };
    const { ovs, news, channel, reported } = await start(t, { fault });
    await reported('up');
    t.regex(channel.describe(), /notified of every change, its own too/);
    await ovs.ofctl('add-flow', 'cookie=0xabc,priority=7,udp,tp_dst=7,actions=drop');
    await channel.apply({ add: FLOWS, remove: [] });
    await reported('up', 'changed');
    const before = news.length;
    await ovs.ofctl('del-flows', 'tcp');
    await until('news of it', () => when(news.length > before));
  },
);

test.serial(
  'without OpenFlow 1.0 the channel gets no events of flows, as describe() says, but flows can be changed',
  async (t) => {
    const fault = (middle: ManInTheMiddle) => {
      middle.toSwitch = withoutMonitor;
    };
    const { channel, reported } = await start(t, { fault, protocols: 'OpenFlow14' });
    await reported('up');
    t.regex(channel.describe(), /notified of no change/);
    await channel.apply({ add: FLOWS, remove: [] });
    t.is((await readFlows(channel)).length, FLOWS.length);
    await t.throwsAsync(channel.readSettings(), {
      code: 'ERR_SWITCH_UNREACHABLE',
      message: 'br0: does not speak OpenFlow 1.0, only 1.4: see "protocols" of its Bridge row',
    });
  },
);

test.serial(
  'a switch that does not speak OpenFlow 1.4 is not up, and the reason names its versions',
  async (t) => {
    const { channel, news } = await start(t, { protocols: 'OpenFlow10,OpenFlow13' });
    await until('the reason', () => channel.reason());
    t.is(channel.reason(), 'does not speak OpenFlow 1.4, only 1.0, 1.3: see "protocols" of its Bridge row');
    await t.throwsAsync(readFlows(channel), {
      code: 'ERR_SWITCH_UNREACHABLE',
      message: /^br0: does not speak/,
    });
    t.deepEqual(news, []);
  },
);

test.serial('a channel that is stopped finishes the current bundle, then closes its session', async (t) => {
  const { ovs, middle, channel, reported, stop } = await start(t);
  await reported('up');
  const sent = channel.apply({ add: FLOWS, remove: [] });
  stop.abort();
  await sent;
  t.is((await ovs.dump()).filter((line) => line.includes('cookie=0x6b38')).length, FLOWS.length);
  middle.sent.length = 0;
  t.is((await readFlows(channel)).length, FLOWS.length, 'read over a session of its own');
  t.is(middle.sent[0]?.type, Type.hello);
});
