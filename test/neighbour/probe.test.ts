import { constants } from 'node:os';
import test from 'ava';
import { arpAnnouncements, arpRequest } from '../../src/neighbour/arp.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import { probe } from '../../src/neighbour/probe.js';
import { type Ipv4Address, type Ipv6Address, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { TestClock, TestWire } from './wire_of_two.js';

const mac = (end: string) => parseMac(`02:00:00:00:00:${end}`);
const [OWN, ONE, TWO] = [mac('01'), mac('02'), mac('03')];
const GATEWAY = parseIp('203.0.113.1') as Ipv4Address;
const GATEWAY6 = parseIp('fe80::1') as Ipv6Address;

function begin() {
  const clock = new TestClock();
  const wire = new TestWire(OWN, clock);
  return { clock, wire, socket: new NeighbourSocket('eth0', wire.open) };
}

test('an address is probed three times without a sender, and is free if no other host claims it', async (t) => {
  const { clock, wire, socket } = begin();
  const probing = probe(socket, [GATEWAY, GATEWAY6], { own: new Set([OWN, TWO]), clock });
  wire.give(
    arpAnnouncements(TWO, [GATEWAY]),
    arpRequest(ONE, parseIp('203.0.113.9') as Ipv4Address, GATEWAY),
  );
  clock.pass(600);
  t.deepEqual(await probing, []);
  t.is(wire.sent.length, 6);
  t.true(wire.sent.every((frame) => decodeMessage(frame)?.sender === undefined));
});

test('a host that has an address, sends from it, or probes for it is a conflict', async (t) => {
  const messages = [
    arpAnnouncements(ONE, [GATEWAY]),
    arpRequest(ONE, GATEWAY, parseIp('203.0.113.9') as Ipv4Address),
    arpRequest(ONE, undefined, GATEWAY),
  ];
  for (const message of messages) {
    const { clock, wire, socket } = begin();
    const probing = probe(socket, [GATEWAY], { own: new Set([OWN]), clock });
    clock.pass(250);
    wire.give(message);
    t.deepEqual(await probing, [{ address: GATEWAY, mac: ONE }]);
  }
});

test('an address counts as free only after three probes of it have left, however busy the interface is', async (t) => {
  const { clock, wire, socket } = begin();
  const probing = probe(socket, [GATEWAY, GATEWAY6], { own: new Set([OWN]), clock });
  wire.refusal = constants.errno.ENOBUFS;
  clock.pass(600);
  wire.refusal = undefined;
  clock.pass(200);
  wire.give(arpAnnouncements(ONE, [GATEWAY]));
  clock.pass(400);
  t.deepEqual(await probing, [{ address: GATEWAY, mac: ONE }]);
  t.is(wire.sent.length, 6);
});

test('an interface that stays busy is an error, not a free address', async (t) => {
  const { clock, wire, socket } = begin();
  wire.refusal = constants.errno.ENOBUFS;
  const probing = probe(socket, [GATEWAY], { own: new Set([OWN]), clock });
  clock.pass(2_000);
  await t.throwsAsync(probing, { code: 'ERR_LINK_BUSY', message: /^eth0: / });
});
