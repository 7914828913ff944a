import test from 'ava';
import { AddressConflicts } from '../../src/neighbour/address_conflicts.js';
import type { NeighbourMessage } from '../../src/neighbour/message.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

const [OURS, ALSO_OURS] = [parseIp('203.0.113.10'), parseIp('2001:db8::10')];
const OTHER = parseIp('203.0.113.1');
const mac = (index: number) => parseMac(`02:00:00:00:00:${index.toString(16).padStart(2, '0')}`);
const [OWN, THEIRS] = [mac(1), mac(2)];

function message(change: Partial<NeighbourMessage>): NeighbourMessage {
  return { kind: 'advertisement', family: 4, target: OURS, sender: OURS, mac: THEIRS, ...change };
}

function begin() {
  const conflicts = new AddressConflicts();
  const ours = new Set([OURS, ALSO_OURS]);
  const note = (one: NeighbourMessage, now = 0) => conflicts.note(one, ours, new Set([OWN]), now);
  return { conflicts, note };
}

const CASES: readonly (readonly [string, Partial<NeighbourMessage>, boolean])[] = [
  ['an advertisement of our address', {}, true],
  ['an advertisement of our IPv6 address', { family: 6, target: ALSO_OURS }, true],
  ['a request from our address', { kind: 'request', target: OTHER }, true],
  ['an advertisement from our own MAC', { mac: OWN }, false],
  ['a request for our address', { kind: 'request', sender: OTHER }, false],
  ['a probe for our address, which its owner defends', { kind: 'request', sender: undefined }, false],
  ['an advertisement of another address', { target: OTHER, sender: OTHER }, false],
];

for (const [what, change, isConflict] of CASES) {
  test(`${what} is ${isConflict ? 'a' : 'no'} conflict`, (t) => {
    const { conflicts, note } = begin();
    t.is(note(message(change)), isConflict);
    t.is(conflicts.total, isConflict ? 1 : 0);
    t.is(conflicts.all.length, isConflict ? 1 : 0);
  });
}

test('a conflict is a problem for five minutes after its last message, and then a new one', (t) => {
  const { conflicts, note } = begin();
  t.true(note(message({}), 0));
  t.false(note(message({}), 100_000));
  t.deepEqual(conflicts.standing(399_999), [{ address: OURS, mac: THEIRS, count: 2, last: 100_000 }]);
  t.deepEqual(conflicts.standing(400_000), []);
  t.true(note(message({}), 400_000));
  t.is(conflicts.all[0]?.count, 3);
});

test('a host with ever new MACs takes room for 64 conflicts, and all its messages are counted', (t) => {
  const { conflicts, note } = begin();
  const news = Array.from({ length: 100 }, (_, index) => note(message({ mac: mac(index + 2) })));
  t.is(news.filter(Boolean).length, 64);
  t.is(conflicts.all.length, 64);
  t.is(conflicts.total, 100);
});
