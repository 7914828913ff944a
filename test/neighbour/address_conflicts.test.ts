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
  t.deepEqual(conflicts.standing(399_999), [{ address: OURS, macs: [THEIRS], isMany: false }]);
  t.deepEqual(conflicts.standing(400_000), []);
  t.true(note(message({}), 400_000));
  t.is(conflicts.all[0]?.count, 3);
});

test('ever new MACs take bounded memory, are all counted, and are one conflict that does not change', (t) => {
  const { conflicts, note } = begin();
  const news = Array.from({ length: 100 }, (_, index) => note(message({ mac: mac(index + 2) }), index));
  t.is(news.filter(Boolean).length, 5);
  t.is(conflicts.all.length, 8);
  t.is(conflicts.total, 100);
  const [claimed] = conflicts.standing(100);
  t.true(claimed?.isMany);
  t.is(claimed?.macs.length, 4);
});

test('a host that claims our address is named again once a flood of invented MACs has ended', (t) => {
  const { conflicts, note } = begin();
  for (let i = 0; i < 250; i++) note(message({ mac: mac(i + 3) }), i);
  note(message({}), 1_000);
  t.true(
    conflicts.all.some(({ mac: one }) => one === THEIRS),
    'the newest is recorded, also in a flood',
  );
  for (let now = 60_000; now <= 300_000; now += 60_000) note(message({}), now);
  t.deepEqual(conflicts.standing(300_300), [{ address: OURS, macs: [THEIRS], isMany: false }]);
});

test('a host that claims thousands of our addresses leaves the newest 256 recorded', (t) => {
  const conflicts = new AddressConflicts();
  const all = Array.from({ length: 2_000 }, (_, i) => parseIp(`198.18.${i >> 8}.${i & 255}`));
  const ours = new Set(all);
  for (const [i, address] of all.entries())
    conflicts.note(message({ target: address, sender: address }), ours, new Set(), i);
  t.is(conflicts.all.length, 256);
  t.is(conflicts.total, 2_000);
  t.true(conflicts.standing(2_000).some(({ address }) => address === all.at(-1)));
});
