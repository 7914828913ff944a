import { constants } from 'node:os';
import test from 'ava';
import { arpAnnouncements, arpRequest } from '../../src/neighbour/arp.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import { advertisements } from '../../src/neighbour/discovery.js';
import { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import { probe } from '../../src/neighbour/probe.js';
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
  return { clock, wire, link: new NeighbourSocket('eth0', wire.open) };
}

test('a question that is not answered is asked again, and the answer has the time since the last one', async (t) => {
  const { clock, wire, link } = begin();
  const asking = resolve(link, GATEWAY, { source: SOURCE, timeoutMs: 1_000, againMs: 100, clock });
  clock.pass(230);
  t.deepEqual(
    wire.sent.map((frame) => decodeMessage(frame)),
    Array(3).fill({ kind: 'request', family: 4, target: GATEWAY, sender: SOURCE, mac: OWN }),
  );
  wire.give(arpAnnouncements(ONE, [GATEWAY]));
  t.deepEqual(await asking, { address: GATEWAY, asked: 3, answers: [{ mac: ONE, rttMs: 30 }], macs: [ONE] });
});

test('two that answer are both told, once each', async (t) => {
  const { clock, wire, link } = begin();
  const asking = resolve(link, GATEWAY6, { timeoutMs: 1_000, settleMs: 50, clock });
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

test('nobody answers: questions, our own frames and answers about others are no answer', async (t) => {
  const { clock, wire, link } = begin();
  const asking = resolve(link, GATEWAY, { timeoutMs: 1_000, clock });
  wire.give(
    arpAnnouncements(ONE, [parseIp('203.0.113.2') as Ipv4Address]),
    arpRequest(ONE, GATEWAY, parseIp('203.0.113.9') as Ipv4Address),
    arpAnnouncements(OWN, [GATEWAY]),
  );
  clock.pass(1_000);
  t.deepEqual(await asking, { address: GATEWAY, asked: 4, answers: [], macs: [] });
});

test('an interface that is full is asked again, one that goes ends the question', async (t) => {
  const { clock, wire, link } = begin();
  wire.refusal = constants.errno.ENOBUFS;
  const patient = resolve(link, GATEWAY, { timeoutMs: 1_000, againMs: 100, clock });
  wire.refusal = undefined;
  clock.pass(100);
  wire.give(arpAnnouncements(ONE, [GATEWAY]));
  t.deepEqual((await patient).macs, [ONE]);

  const cut = resolve(link, GATEWAY, { timeoutMs: 1_000, clock });
  wire.fail(constants.errno.ENETDOWN);
  await t.throwsAsync(cut, { code: 'ERR_LINK_DOWN', message: /^eth0 is down or has gone/ });
  wire.refusal = constants.errno.ENXIO;
  await t.throwsAsync(resolve(link, GATEWAY, { timeoutMs: 1_000, clock }), { code: 'ERR_NO_INTERFACE' });
});

test('an address is probed for three times from nobody, and is free when nobody says otherwise', async (t) => {
  const { clock, wire, link } = begin();
  const probing = probe(link, [GATEWAY, GATEWAY6], { own: new Set([OWN, TWO]), clock });
  wire.give(
    arpAnnouncements(TWO, [GATEWAY]),
    arpRequest(ONE, parseIp('203.0.113.9') as Ipv4Address, GATEWAY),
  );
  clock.pass(600);
  t.deepEqual(await probing, []);
  t.is(wire.sent.length, 6);
  t.true(wire.sent.every((frame) => decodeMessage(frame)?.sender === undefined));
});

test('who has an address, speaks from it, or probes for it at the same time is a conflict', async (t) => {
  const claims = [
    arpAnnouncements(ONE, [GATEWAY]),
    arpRequest(ONE, GATEWAY, parseIp('203.0.113.9') as Ipv4Address),
    arpRequest(ONE, undefined, GATEWAY),
  ];
  for (const claim of claims) {
    const { clock, wire, link } = begin();
    const probing = probe(link, [GATEWAY], { own: new Set([OWN]), clock });
    clock.pass(250);
    wire.give(claim);
    t.deepEqual(await probing, [{ address: GATEWAY, mac: ONE }]);
  }
});
