import { constants } from 'node:os';
import test from 'ava';
import type { GatewayState } from '../../src/demux/state.js';
import { Neighbourhood } from '../../src/gateway/neighbourhood.js';
import { routersOf } from '../../src/gateway/router_source.js';
import { arpAnnouncements, arpRequest } from '../../src/neighbour/arp.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import { advertisements } from '../../src/neighbour/discovery.js';
import { type IpAddress, type Ipv4Address, type Ipv6Address, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { GATEWAY } from '../demux/sample.js';
import { TestClock, TestWire } from '../neighbour/wire_of_two.js';

const OTHER = parseMac('02:00:00:00:00:77');
const ROUTER_MACS = [parseMac('02:00:00:00:00:01'), parseMac('02:00:00:00:00:02')] as const;
const v4 = (text: string) => parseIp(text) as Ipv4Address;
const v6 = (text: string) => parseIp(text) as Ipv6Address;
const ROUTER = v4('203.0.113.1');
const SERVED = [v4('203.0.113.80'), v6('2001:db8::80')] as const;

function begin(state: GatewayState = GATEWAY) {
  const clock = new TestClock();
  const wire = new TestWire(state.mac, clock);
  const stop = new AbortController();
  let news = 0;
  const neighbourhood = new Neighbourhood({
    physicalInterface: 'eth0',
    routers: () => [ROUTER],
    changed: () => {
      news++;
    },
    signal: stop.signal,
    clock,
    open: wire.open,
  });
  return { clock, wire, stop, neighbourhood, state, news: () => news };
}

/** What was sent since the last time, but for questions. */
function told(wire: TestWire): (IpAddress | undefined)[] {
  const messages = wire.sent.splice(0).map((frame) => decodeMessage(frame));
  return messages.filter((message) => message?.kind === 'advertisement').map((message) => message?.target);
}

test('served addresses are announced once their flows are in place, twice, and not again', (t) => {
  const { clock, wire, neighbourhood, state } = begin();
  neighbourhood.start();
  neighbourhood.look(undefined);
  t.deepEqual(told(wire), []);
  const serving = { ...state, served: SERVED };
  t.deepEqual(neighbourhood.look(serving), []);
  t.deepEqual(told(wire), [...SERVED]);
  clock.pass(2_000);
  t.deepEqual(told(wire), [...SERVED]);
  neighbourhood.look({ ...serving });
  clock.pass(10_000);
  t.deepEqual(told(wire), []);
  t.is(neighbourhood.status.announced, 2);
});

test('another address, another MAC, and an address that comes back are announced; IP never is', (t) => {
  const { clock, wire, neighbourhood, state } = begin();
  neighbourhood.start();
  const [one, two] = SERVED;
  const [ip] = state.addresses;
  if (ip === undefined) throw new Error('the sample has no address');
  neighbourhood.look({ ...state, served: [one, ip] });
  t.deepEqual(told(wire), [one]);
  neighbourhood.look({ ...state, served: [one, two] });
  t.deepEqual(told(wire), [two]);
  neighbourhood.look({ ...state, served: [two] });
  clock.pass(2_000);
  t.deepEqual(told(wire), [two]);
  neighbourhood.look({ ...state, served: [one, two] });
  t.deepEqual(told(wire), [one]);
  neighbourhood.look({ ...state, mac: OTHER, served: [one] });
  t.deepEqual(
    wire.sent.splice(0).map((frame) => decodeMessage(frame)?.mac),
    [OTHER],
  );
});

test('without a port to OVN nothing is announced, and with it all is', (t) => {
  const { wire, neighbourhood, state } = begin();
  neighbourhood.start();
  neighbourhood.look({ ...state, patch: undefined, served: SERVED });
  t.deepEqual(told(wire), []);
  neighbourhood.look({ ...state, served: SERVED });
  t.deepEqual(told(wire), [...SERVED]);
});

test('who claims an address of ours is counted and told once, until it is quiet for five minutes', (t) => {
  const { clock, wire, neighbourhood, state, news } = begin();
  neighbourhood.start();
  const serving = { ...state, served: SERVED };
  neighbourhood.look(serving);
  const before = news();
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
  t.is(news() - before, 2);
  const problems = neighbourhood.look(serving);
  t.deepEqual(
    problems.map((line) => line.replace(/ on eth0: .*/, '')),
    [`${ip} is claimed by ${OTHER}`, `${SERVED[1]} is claimed by ${OTHER}`],
  );
  t.deepEqual(
    neighbourhood.status.claims.map(({ address, mac, count }) => ({ address, mac, count })),
    [
      { address: ip, mac: OTHER, count: 2 },
      { address: SERVED[1], mac: OTHER, count: 1 },
    ],
  );
  clock.pass(300_000);
  t.deepEqual(neighbourhood.look(serving), []);
  t.is(neighbourhood.status.claimsHeard, 3);
});

test('one who makes MACs up fills neither memory nor the log', (t) => {
  const { wire, neighbourhood, state, news } = begin();
  neighbourhood.start();
  neighbourhood.look(state);
  const before = news();
  const [ip] = state.addresses;
  for (let i = 0; i < 5_000; i++) {
    const mac = parseMac(
      `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`,
    );
    wire.give(arpAnnouncements(mac, [ip as Ipv4Address]));
  }
  t.is(neighbourhood.status.claims.length, 64);
  t.is(neighbourhood.status.claimsHeard, 5_000);
  t.is(news() - before, 64);
});

test("a default gateway's other MAC is told, the same line however often it changes, for ten minutes", (t) => {
  const { clock, wire, neighbourhood, state } = begin();
  neighbourhood.start();
  neighbourhood.look(state);
  const say = (mac: (typeof ROUTER_MACS)[number]) => wire.give(arpAnnouncements(mac, [ROUTER]));
  say(ROUTER_MACS[0]);
  t.deepEqual(neighbourhood.look(state), []);
  say(ROUTER_MACS[1]);
  const [line] = neighbourhood.look(state);
  t.regex(
    line ?? '',
    /^default gateway 203\.0\.113\.1 has been at 02:00:00:00:00:01, then 02:00:00:00:00:02;/,
  );
  say(ROUTER_MACS[0]);
  say(ROUTER_MACS[1]);
  t.deepEqual(neighbourhood.look(state), [line]);
  t.deepEqual(neighbourhood.status.routers, [{ address: ROUTER, mac: ROUTER_MACS[1], changes: 3 }]);
  clock.pass(600_000);
  t.deepEqual(neighbourhood.look(state), []);
});

test('an interface that is away is a problem, tried again each second; then all is announced', async (t) => {
  const { clock, wire, neighbourhood, state } = begin();
  wire.absence = constants.errno.EPERM;
  neighbourhood.start();
  const serving = { ...state, served: SERVED };
  t.regex(neighbourhood.look(serving)[0] ?? '', /claims on our addresses are not seen.*CAP_NET_RAW/);
  t.false(neighbourhood.status.isHeard);
  wire.absence = undefined;
  clock.pass(1_000);
  t.deepEqual(neighbourhood.look(serving), []);
  t.deepEqual(told(wire), [...SERVED]);
  wire.fail(constants.errno.ENETDOWN);
  t.regex(neighbourhood.look(serving)[0] ?? '', /eth0 is down or has gone/);
  clock.pass(1_000);
  t.deepEqual(neighbourhood.look(serving), []);
  // The link that is back asks for its routers.
  await Promise.resolve();
  t.true(wire.sent.some((frame) => decodeMessage(frame)?.target === ROUTER));
});

test('the routers of an interface are those of its default routes, each once', (t) => {
  const outputs = [
    JSON.stringify([
      { dst: 'default', gateway: '203.0.113.1', dev: 'breth0' },
      { dst: 'default', gateway: '198.51.100.1', dev: 'eth1' },
      {
        dst: 'default',
        nexthops: [
          { gateway: '203.0.113.2', dev: 'breth0' },
          { gateway: '203.0.113.1', dev: 'breth0' },
        ],
      },
      { dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, dev: 'breth0' },
    ]),
    JSON.stringify([
      { dst: 'default', gateway: 'fe80::1', dev: 'breth0' },
      { dst: 'default', dev: 'breth0' },
    ]),
    '',
  ];
  t.deepEqual(routersOf(outputs, 'breth0').map(String), ['203.0.113.1', '203.0.113.2', 'fe80::1']);
});
