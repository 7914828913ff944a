import { constants } from 'node:os';
import test from 'ava';
import { type Log, SILENT } from '../../../src/daemon/log.js';
import { Problems } from '../../../src/daemon/problems.js';
import type { GatewayState } from '../../../src/demux/state.js';
import { NeighbourSource } from '../../../src/gateway/sources/neighbours.js';
import { arpAnnouncements, arpRequest } from '../../../src/neighbour/arp.js';
import { decodeMessage } from '../../../src/neighbour/decode.js';
import { advertisements } from '../../../src/neighbour/discovery.js';
import { type IpAddress, type Ipv4Address, type Ipv6Address, parseIp } from '../../../src/net/ip.js';
import { parseMac } from '../../../src/net/mac.js';
import { GATEWAY } from '../../demux/sample.js';
import { TestClock, TestWire } from '../../neighbour/wire_of_two.js';

const OTHER = parseMac('02:00:00:00:00:77');
const ROUTER_MACS = [parseMac('02:00:00:00:00:01'), parseMac('02:00:00:00:00:02')] as const;
const v4 = (text: string) => parseIp(text) as Ipv4Address;
const v6 = (text: string) => parseIp(text) as Ipv6Address;
const ROUTER = v4('203.0.113.1');
const SERVED = [v4('203.0.113.80'), v6('2001:db8::80')] as const;

function begin(state: GatewayState = GATEWAY, log: Log = SILENT) {
  const clock = new TestClock();
  const wire = new TestWire(state.mac, clock);
  const problems = new Problems(log);
  const source = new NeighbourSource({
    physicalInterface: 'eth0',
    problems,
    changed: () => undefined,
    clock,
    open: wire.open,
  });
  const start = () => void source.run(new AbortController().signal);
  const follow = (followed: GatewayState = state) => source.follow(followed, [ROUTER]);
  const reported = () => {
    source.report();
    return problems.current;
  };
  return { clock, wire, source, state, start, follow, reported, problems };
}

/** Returns the targets of the requests that were sent since the last call. */
function asked(wire: TestWire): (IpAddress | undefined)[] {
  const messages = wire.sent.splice(0).map((frame) => decodeMessage(frame));
  return messages.filter((message) => message?.kind === 'request').map((message) => message?.target);
}

test('a host that claims our address is counted and a problem, until it is quiet for five minutes', (t) => {
  const { clock, wire, source, state, start, follow, reported, problems } = begin();
  start();
  follow({ ...state, served: SERVED });
  const [ip] = state.addresses;
  if (ip === undefined) throw new Error('the sample has no address');
  wire.give(
    arpAnnouncements(OTHER, [ip as Ipv4Address]),
    arpRequest(OTHER, ip as Ipv4Address, ROUTER),
    advertisements(OTHER, [SERVED[1]]),
    arpRequest(OTHER, undefined, ip as Ipv4Address),
    arpAnnouncements(state.mac, [ip as Ipv4Address]),
    arpAnnouncements(OTHER, [v4('203.0.113.99')]),
  );
  t.deepEqual(
    problems.current.map((line) => line.replace(/ on eth0: .*/, '')),
    [`${SERVED[1]} is claimed by ${OTHER}`, `${ip} is claimed by ${OTHER}`],
  );
  t.deepEqual(
    source.status.claims.map(({ address, mac, count }) => ({ address, mac, count })),
    [
      { address: ip, mac: OTHER, count: 2 },
      { address: SERVED[1], mac: OTHER, count: 1 },
    ],
  );
  clock.pass(300_000);
  t.deepEqual(reported(), []);
  t.is(source.status.claimsHeard, 3);
});

test("a speaker's answers for served addresses are no claims, and those for the gateway's own address are", (t) => {
  const { wire, state, start, follow, reported } = begin();
  start();
  follow({ ...state, served: SERVED, answersServed: false });
  wire.give(arpAnnouncements(OTHER, [SERVED[0]]), advertisements(OTHER, [SERVED[1]]));
  t.deepEqual(reported(), []);
  wire.give(arpAnnouncements(OTHER, [state.addresses[0] as Ipv4Address]));
  t.is(reported().length, 1);
});

test('a host that invents MACs fills neither the memory nor the problems', (t) => {
  const { wire, source, state, start, follow, problems } = begin();
  start();
  follow();
  const [ip] = state.addresses;
  for (let i = 0; i < 5_000; i++) {
    const mac = parseMac(
      `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`,
    );
    wire.give(arpAnnouncements(mac, [ip as Ipv4Address]));
  }
  t.is(source.status.claims.length, 8);
  t.is(source.status.claimsHeard, 5_000);
  t.deepEqual(problems.current, [
    `${ip} is claimed by more than 4 MACs on eth0: a host there changes its own; find it at the switches`,
  ]);
});

test('a flood of invented MACs for all addresses makes few problems, logged a few times each', (t) => {
  const served = Array.from({ length: 100 }, (_, i) => v4(`198.51.100.${i + 1}`));
  let lines = 0;
  const count = () => {
    lines++;
  };
  const { wire, state, start, follow, problems } = begin(GATEWAY, { ...SILENT, warn: count, info: count });
  start();
  follow({ ...state, served });
  for (let round = 0; round < 50; round++)
    for (const [i, address] of served.entries()) {
      const octets = [round, i].map((octet) => octet.toString(16).padStart(2, '0'));
      wire.give(arpAnnouncements(parseMac(`02:00:00:01:${octets.join(':')}`), [address]));
    }
  t.is(problems.current.length, 17);
  t.true(lines < 250, `${lines} lines`);
});

test("a default gateway's change of MAC is one problem for ten minutes, however often it changes", (t) => {
  const { clock, wire, source, start, follow, reported, problems } = begin();
  start();
  follow();
  const say = (mac: (typeof ROUTER_MACS)[number]) => wire.give(arpAnnouncements(mac, [ROUTER]));
  say(ROUTER_MACS[0]);
  t.deepEqual(problems.current, []);
  say(ROUTER_MACS[1]);
  const [line] = problems.current;
  t.regex(
    line ?? '',
    /^default gateway 203\.0\.113\.1 has been at 02:00:00:00:00:01, then 02:00:00:00:00:02;/,
  );
  say(ROUTER_MACS[0]);
  say(ROUTER_MACS[1]);
  t.deepEqual(reported(), [line]);
  t.deepEqual(source.status.routers, [{ address: ROUTER, mac: ROUTER_MACS[1], changes: 3 }]);
  clock.pass(600_000);
  t.deepEqual(reported(), []);
});

test('default gateways are asked for their MACs when they are new, and again on a new socket', (t) => {
  const { clock, wire, source, state, start, follow } = begin();
  follow();
  t.deepEqual(asked(wire), [], 'there is no socket yet');
  start();
  follow();
  t.deepEqual(asked(wire), [ROUTER]);
  follow();
  t.deepEqual(asked(wire), []);
  const second = v4('203.0.113.2');
  source.follow(state, [ROUTER, second]);
  t.deepEqual(asked(wire), [second]);
  wire.fail(constants.errno.ENETDOWN);
  source.follow(state, [ROUTER, second]);
  clock.pass(1_000);
  source.follow(state, [ROUTER, second]);
  t.deepEqual(asked(wire), [ROUTER, second]);
});

test('a NIC that is away is a problem, and is opened again each second', async (t) => {
  const { clock, wire, source, start, reported, problems } = begin();
  wire.absence = constants.errno.EPERM;
  start();
  await Promise.resolve();
  t.regex(problems.current[0] ?? '', /claims on our addresses are not seen.*CAP_NET_RAW/);
  t.false(source.status.isHeard);
  wire.absence = undefined;
  clock.pass(1_000);
  await Promise.resolve();
  t.deepEqual(problems.current, []);
  t.true(source.status.isHeard);
  wire.fail(constants.errno.ENETDOWN);
  t.regex(reported()[0] ?? '', /eth0 is down or has gone/);
  clock.pass(1_000);
  t.deepEqual(reported(), []);
});
