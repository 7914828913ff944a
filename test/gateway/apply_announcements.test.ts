import { constants } from 'node:os';
import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import type { GatewayState } from '../../src/demux/state.js';
import { Announcer } from '../../src/gateway/apply_announcements.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import { type IpAddress, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { GATEWAY } from '../demux/sample.js';
import { TestClock, TestWire } from '../neighbour/wire_of_two.js';

const OTHER = parseMac('02:00:00:00:00:77');
const [ONE, TWO] = [parseIp('203.0.113.80'), parseIp('2001:db8::80')] as const;

function begin() {
  const clock = new TestClock();
  const wire = new TestWire(GATEWAY.mac, clock);
  const problems = new Problems(SILENT);
  const stop = new AbortController();
  const announcer = new Announcer({ problems, signal: stop.signal, clock });
  const socket = new NeighbourSocket('eth0', wire.open);
  const announce = (served: Iterable<IpAddress>, more: Partial<GatewayState> = {}) =>
    announcer.announce({ ...GATEWAY, ...more, served }, socket);
  return { clock, wire, problems, stop, announcer, announce };
}

/** Returns the addresses that were announced since the last call. */
function announced(wire: TestWire): (IpAddress | undefined)[] {
  return wire.sent.splice(0).map((frame) => decodeMessage(frame)?.target);
}

test('served addresses are announced twice, and not again while nothing changes', (t) => {
  const { clock, wire, announcer, announce } = begin();
  const served = [ONE, TWO];
  announce(served);
  t.deepEqual(announced(wire), served);
  clock.pass(2_000);
  t.deepEqual(announced(wire), served);
  announce(served);
  announce([...served]);
  clock.pass(10_000);
  t.deepEqual(announced(wire), []);
  t.is(announcer.total, 2);
});

test('a new address and an address that comes back are announced; an address of the gateway never is', (t) => {
  const { clock, wire, announce } = begin();
  announce([ONE, ...GATEWAY.addresses]);
  t.deepEqual(announced(wire), [ONE]);
  announce([ONE, TWO]);
  t.deepEqual(announced(wire), [TWO]);
  announce([TWO]);
  clock.pass(2_000);
  t.deepEqual(announced(wire), [TWO], 'an address that is no longer served is not announced again');
  announce([ONE, TWO]);
  t.deepEqual(announced(wire), [ONE]);
});

test('an address that moves to another MAC is announced from there', (t) => {
  const { wire, announce } = begin();
  announce([ONE]);
  wire.sent.splice(0);
  announce([ONE], { mac: OTHER });
  t.deepEqual(
    wire.sent.splice(0).map((frame) => decodeMessage(frame)?.mac),
    [OTHER],
  );
});

test('without a patch port nothing is announced, and with one everything is', (t) => {
  const { wire, announce } = begin();
  announce([ONE, TWO], { patch: undefined });
  t.deepEqual(announced(wire), []);
  announce([ONE, TWO]);
  t.deepEqual(announced(wire), [ONE, TWO]);
});

test('nothing is announced where another host answers', (t) => {
  const { wire, announce } = begin();
  announce([ONE, TWO], { answersServed: false });
  t.deepEqual(announced(wire), []);
});

test('an announcement that fails is a problem, and is sent at the next call', (t) => {
  const { wire, problems, announcer, announce } = begin();
  const served = [ONE];
  wire.refusal = constants.errno.ENETDOWN;
  announce(served);
  t.regex(problems.current[0] ?? '', /^1 served addresses could not be announced: eth0 is down/);
  t.is(announcer.total, 0);
  wire.refusal = undefined;
  announce(served);
  t.deepEqual(announced(wire), served);
  t.deepEqual(problems.current, []);
});

test('a second announcement that fails makes the address due again', (t) => {
  const { clock, wire, problems, announce } = begin();
  const served = [ONE];
  announce(served);
  wire.sent.splice(0);
  wire.refusal = constants.errno.ENETDOWN;
  clock.pass(2_000);
  t.is(problems.current.length, 1);
  wire.refusal = undefined;
  announce(served);
  t.deepEqual(announced(wire), served);
});

test('a helper that ends sends no second announcement', (t) => {
  const { clock, wire, stop, announce } = begin();
  announce([ONE]);
  wire.sent.splice(0);
  stop.abort();
  clock.pass(2_000);
  t.deepEqual(announced(wire), []);
});
