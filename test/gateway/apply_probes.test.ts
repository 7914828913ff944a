import { constants } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { AddressProber } from '../../src/gateway/apply_probes.js';
import { arpAnnouncements } from '../../src/neighbour/arp.js';
import { decodeMessage } from '../../src/neighbour/decode.js';
import { advertisements } from '../../src/neighbour/discovery.js';
import { NeighbourSocket } from '../../src/neighbour/neighbour_socket.js';
import type { Conflict } from '../../src/neighbour/probe.js';
import { type IpAddress, type Ipv4Address, type Ipv6Address, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { TestClock, TestWire } from '../neighbour/wire_of_two.js';

const OWN = parseMac('02:00:00:00:00:11');
const OTHER = parseMac('02:00:00:00:00:77');
const GATEWAY = parseMac('02:00:00:00:00:12');
const V4 = parseIp('203.0.113.80') as Ipv4Address;
const V6 = parseIp('2001:db8::80') as Ipv6Address;

function begin() {
  const clock = new TestClock();
  const wire = new TestWire(OWN, clock);
  const socket = new NeighbourSocket('eth0', wire.open);
  const problems = new Problems(SILENT);
  const answers: { readonly asked: readonly IpAddress[]; readonly conflicts: readonly Conflict[] }[] = [];
  const rung = { times: 0 };
  const prober = new AddressProber({
    answered: (asked, conflicts) => answers.push({ asked, conflicts }),
    changed: () => rung.times++,
    problems,
    signal: new AbortController().signal,
    clock,
  });
  const ask = (due: readonly IpAddress[]) => prober.ask(socket, due, new Set([OWN, GATEWAY]));
  const probes = () => wire.sent.splice(0).map((frame) => decodeMessage(frame));
  return { clock, wire, prober, problems, answers, rung, ask, probes };
}

test('an address is asked for three times in 600 ms, without a sender, before it counts as free', async (t) => {
  const { clock, answers, rung, ask, probes } = begin();
  ask([V4, V6]);
  for (let i = 0; i < 3; i++) {
    t.deepEqual(
      probes().map((one) => [one?.kind, one?.target, one?.sender]),
      [
        ['request', V4, undefined],
        ['request', V6, undefined],
      ],
    );
    t.is(answers.length, 0);
    clock.pass(200);
  }
  await until('the answer', () => when(rung.times === 1));
  t.deepEqual(answers, [{ asked: [V4, V6], conflicts: [] }]);
});

test('a host that answers has the address; the other gateways of the cluster do not count', async (t) => {
  const { clock, wire, answers, rung, ask } = begin();
  ask([V4, V6]);
  wire.give(arpAnnouncements(GATEWAY, [V4]), advertisements(OTHER, [V6]));
  for (let i = 0; i < 3; i++) clock.pass(200);
  await until('the answer', () => when(rung.times === 1));
  t.deepEqual(answers[0]?.conflicts, [{ address: V6, mac: OTHER }]);
});

test('one batch is asked for at a time, and nothing without an address', (t) => {
  const { ask, probes } = begin();
  ask([]);
  t.is(probes().length, 0);
  ask([V4]);
  ask([V6]);
  t.is(probes().length, 1);
});

test('a look that an address waits for comes once a second', (t) => {
  const { clock, prober, rung } = begin();
  prober.lookAgain();
  prober.lookAgain();
  clock.pass(1_000);
  t.is(rung.times, 1);
});

test('a failure to send is a problem, and is repeated after a second, then later, also if other steps ask', async (t) => {
  const { clock, wire, problems, rung, ask } = begin();
  wire.refusal = constants.errno.EPERM;
  for (const [failures, waitMs] of [1_000, 2_000, 4_000, 8_000, 8_000].entries()) {
    ask([V4]);
    await until('the problem', () => when(problems.current.length === 1));
    await turn();
    for (let i = 0; i < 100; i++) ask([V4]);
    t.is(rung.times, failures);
    clock.pass(waitMs - 1);
    t.is(rung.times, failures);
    clock.pass(1);
    t.is(rung.times, failures + 1);
  }
  wire.refusal = undefined;
  ask([V4]);
  for (let i = 0; i < 3; i++) clock.pass(200);
  await until('the end of the problem', () => when(problems.current.length === 0));
});

test('the problem ends when no address is left to ask for', async (t) => {
  const { clock, wire, problems, rung, ask } = begin();
  wire.refusal = constants.errno.EPERM;
  ask([V4]);
  await until('the problem', () => when(problems.current.length === 1));
  await turn();
  ask([]);
  t.is(problems.current.length, 1, 'it waits to ask again');
  clock.pass(1_000);
  t.is(rung.times, 1);
  ask([]);
  t.deepEqual(problems.current, []);
});
