import { constants } from 'node:os';
import test from 'ava';
import { arpAnnouncements, arpRequest } from '../../src/neighbour/arp.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import { advertisements } from '../../src/neighbour/discovery.js';
import { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import { resolve } from '../../src/neighbour/resolve.js';
import { type Ipv4Address, type Ipv6Address, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { TestClock, TestWire } from './wire_of_two.js';

const mac = (end: string) => parseMac(`02:00:00:00:00:${end}`);
const [OWN, ONE, TWO] = [mac('01'), mac('02'), mac('03')];
const GATEWAY = parseIp('203.0.113.1') as Ipv4Address;
const GATEWAY6 = parseIp('fe80::1') as Ipv6Address;
const SOURCE = parseIp('203.0.113.10');

function begin() {
  const clock = new TestClock();
  const wire = new TestWire(OWN, clock);
  return { clock, wire, socket: new NeighbourSocket('eth0', wire.open) };
}

test('a request without a reply is sent again, and the reply is timed from the last request', async (t) => {
  const { clock, wire, socket } = begin();
  const asking = resolve(socket, GATEWAY, { source: SOURCE, timeoutMs: 1_000, againMs: 100, clock });
  clock.pass(230);
  t.deepEqual(
    wire.sent.map((frame) => decodeMessage(frame)),
    Array(3).fill({ kind: 'request', family: 4, target: GATEWAY, sender: SOURCE, mac: OWN }),
  );
  wire.give(arpAnnouncements(ONE, [GATEWAY]));
  t.deepEqual(await asking, { address: GATEWAY, asked: 3, answers: [{ mac: ONE, rttMs: 30 }], macs: [ONE] });
});

test('two hosts that reply are both found, each once', async (t) => {
  const { clock, wire, socket } = begin();
  const asking = resolve(socket, GATEWAY6, { timeoutMs: 1_000, settleMs: 50, clock });
  clock.pass(5);
  wire.give(
    advertisements(ONE, [GATEWAY6]),
    advertisements(TWO, [GATEWAY6]),
    advertisements(ONE, [GATEWAY6]),
  );
  clock.pass(50);
  const { answers, macs } = await asking;
  t.is(answers.length, 3);
  t.deepEqual(macs, [ONE, TWO]);
});

test('requests, frames of our own and advertisements of other addresses do not count as replies', async (t) => {
  const { clock, wire, socket } = begin();
  const asking = resolve(socket, GATEWAY, { timeoutMs: 1_000, clock });
  wire.give(
    arpAnnouncements(ONE, [parseIp('203.0.113.2') as Ipv4Address]),
    arpRequest(ONE, GATEWAY, parseIp('203.0.113.9') as Ipv4Address),
    arpAnnouncements(OWN, [GATEWAY]),
  );
  clock.pass(1_000);
  t.deepEqual(await asking, { address: GATEWAY, asked: 4, answers: [], macs: [] });
});

test('a full queue delays a request, and an interface that goes away ends it', async (t) => {
  const { clock, wire, socket } = begin();
  wire.refusal = constants.errno.ENOBUFS;
  const patient = resolve(socket, GATEWAY, { timeoutMs: 1_000, againMs: 100, clock });
  wire.refusal = undefined;
  clock.pass(100);
  wire.give(arpAnnouncements(ONE, [GATEWAY]));
  t.deepEqual((await patient).macs, [ONE]);

  const cut = resolve(socket, GATEWAY, { timeoutMs: 1_000, clock });
  wire.fail(constants.errno.ENETDOWN);
  await t.throwsAsync(cut, { code: 'ERR_LINK_DOWN', message: /^eth0 is down or has gone/ });
  wire.refusal = constants.errno.ENXIO;
  await t.throwsAsync(resolve(socket, GATEWAY, { timeoutMs: 1_000, clock }), { code: 'ERR_NO_INTERFACE' });
});

test('a flood of replies is kept up to a limit', async (t) => {
  const { clock, wire, socket } = begin();
  const asking = resolve(socket, GATEWAY, { timeoutMs: 1_000, settleMs: 50, clock });
  for (let i = 0; i < 10_000; i++) wire.give(arpAnnouncements(mac('04'), [GATEWAY]));
  clock.pass(50);
  t.is((await asking).answers.length, 256);
});
