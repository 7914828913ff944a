import { constants } from 'node:os';
import test from 'ava';
import { announce } from '../../src/neighbour/announce.js';
import { arpAnnouncements } from '../../src/neighbour/arp.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import type { NeighbourMessage } from '../../src/neighbour/message.js';
import { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import { PersistentSocket } from '../../src/neighbour/persistent_socket.js';
import { requestFrame, sendRequest } from '../../src/neighbour/request.js';
import { type Ipv4Address, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { TestClock, TestWire } from './wire_of_two.js';

const [OWN, OTHER] = [parseMac('02:00:00:00:00:01'), parseMac('02:00:00:00:00:02')];
const [A, A6] = [parseIp('203.0.113.1') as Ipv4Address, parseIp('2001:db8::1')];

function begin() {
  const clock = new TestClock();
  const wire = new TestWire(OWN, clock);
  return { clock, wire };
}

for (const [errno, code, message] of [
  ['EPERM', 'ERR_NO_NET_RAW', /CAP_NET_RAW.*run it as root/],
  ['ENODEV', 'ERR_NO_INTERFACE', /there is no interface eth0/],
  ['ENXIO', 'ERR_NO_INTERFACE', /there is no interface eth0/],
  ['EPROTOTYPE', 'ERR_NOT_ETHERNET', /eth0 is not an Ethernet device/],
  ['ENETDOWN', 'ERR_LINK_DOWN', /eth0 is down or has gone/],
  ['ENOBUFS', 'ERR_LINK_BUSY', /eth0 cannot take more frames now/],
  ['EIO', 'ERR_LINK', /eth0: its packet socket failed with errno \d+/],
] as const) {
  test(`${errno} of the packet socket is ${code}`, (t) => {
    const { wire } = begin();
    wire.absence = constants.errno[errno];
    t.throws(() => new NeighbourSocket('eth0', wire.open), { code, message });
  });
}

test('each listener gets each message until it stops, and frames that are none are skipped', (t) => {
  const { wire } = begin();
  const socket = new NeighbourSocket('eth0', wire.open);
  const received: [string, NeighbourMessage, number][] = [];
  const listen = (name: string) =>
    socket.listen({
      received: (message, at) => received.push([name, message, at]),
      failed: () => t.fail(),
    });
  const stop = listen('one');
  listen('two');
  wire.give(Buffer.alloc(60), arpAnnouncements(OTHER, [A]));
  stop();
  wire.give(arpAnnouncements(OTHER, [A]));
  t.deepEqual(
    received.map(([name, { mac }, at]) => [name, mac, at]),
    [
      ['one', OTHER, 1_000],
      ['two', OTHER, 1_000],
      ['two', OTHER, 1_000],
    ],
  );
});

test('a full queue does not fail a request, and any other refusal does', (t) => {
  const { wire } = begin();
  const socket = new NeighbourSocket('eth0', wire.open);
  const frame = requestFrame(OWN, A);
  t.is(sendRequest(socket, frame), 1_000);
  wire.refusal = constants.errno.ENOBUFS;
  t.is(sendRequest(socket, frame), undefined);
  wire.refusal = constants.errno.ENETDOWN;
  t.throws(() => sendRequest(socket, frame), { code: 'ERR_LINK_DOWN' });
});

test('a request has a sender of its own family, or none', (t) => {
  const senderOf = (...args: Parameters<typeof requestFrame>) => decodeMessage(requestFrame(...args))?.sender;
  const [B, B6] = [parseIp('203.0.113.2'), parseIp('2001:db8::2')];
  t.is(senderOf(OWN, A, B), B);
  t.is(senderOf(OWN, A6, B6), B6);
  t.is(senderOf(OWN, A, B6), undefined);
  t.is(senderOf(OWN, A6, B), undefined);
});

test("addresses of both families are announced from the socket's MAC, or from another", (t) => {
  const { wire } = begin();
  const socket = new NeighbourSocket('eth0', wire.open);
  announce(socket, [A, A6]);
  announce(socket, [A], OTHER);
  announce(socket, []);
  t.deepEqual(
    wire.sent
      .map((frame) => decodeMessage(frame))
      .map((message) => [message?.kind, message?.target, message?.mac]),
    [
      ['advertisement', A, OWN],
      ['advertisement', A6, OWN],
      ['advertisement', A, OTHER],
    ],
  );
});

function persistent(wire: TestWire, clock: TestClock) {
  const stop = new AbortController();
  const received: NeighbourMessage[] = [];
  let changes = 0;
  const socket = new PersistentSocket('eth0', {
    received: (message) => received.push(message),
    changed: () => {
      changes++;
    },
    signal: stop.signal,
    clock,
    open: wire.open,
  });
  return { socket, stop, received, changes: () => changes };
}

test('an interface that is away is tried each second, and its problem is reported once', (t) => {
  const { clock, wire } = begin();
  wire.absence = constants.errno.ENODEV;
  const { socket, changes, received } = persistent(wire, clock);
  t.is(socket.socket, undefined);
  t.regex(socket.problem ?? '', /there is no interface eth0/);
  clock.pass(5_000);
  t.is(changes(), 1);
  wire.absence = constants.errno.ENETDOWN;
  clock.pass(1_000);
  t.regex(socket.problem ?? '', /eth0 is down/);
  t.is(changes(), 2);
  wire.absence = undefined;
  clock.pass(1_000);
  t.not(socket.socket, undefined);
  t.is(socket.problem, undefined);
  t.is(changes(), 3);
  wire.give(arpAnnouncements(OTHER, [A]));
  t.is(received.length, 1);
});

test('an interface that is lost is opened again, later each time up to a second, and not once the signal is aborted', (t) => {
  const { clock, wire } = begin();
  const { socket, stop } = persistent(wire, clock);
  wire.fail(constants.errno.ENETDOWN);
  t.is(socket.socket, undefined);
  clock.pass(249);
  t.is(socket.socket, undefined);
  clock.pass(1);
  t.not(socket.socket, undefined);
  for (const waitMs of [500, 1_000, 1_000]) {
    wire.fail(constants.errno.ENETDOWN);
    clock.pass(waitMs - 1);
    t.is(socket.socket, undefined);
    clock.pass(1);
    t.not(socket.socket, undefined);
  }
  wire.fail(constants.errno.ENETDOWN);
  stop.abort();
  clock.pass(10_000);
  t.is(socket.socket, undefined);
});
