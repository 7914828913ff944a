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
