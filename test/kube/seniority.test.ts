import test from 'ava';
import { bornAt, lostTo, oldest } from '../../src/kube/seniority.js';

const OLD = { service: 'default/old', born: 1_000 };
const YOUNG = { service: 'default/a', born: 2_000 };
const TWIN = { service: 'default/z', born: 1_000 };

test('the older service wins, in whatever order they come', (t) => {
  t.is(oldest([OLD, YOUNG]), OLD);
  t.is(oldest([YOUNG, OLD]), OLD);
  t.is(oldest([]), undefined);
});

test('the first by name wins among services created in the same second', (t) => {
  t.is(oldest([TWIN, OLD, YOUNG]), OLD);
  t.is(oldest([OLD, TWIN]), OLD);
});

test('what a service does not get names the older one', (t) => {
  t.is(
    lostTo(OLD, 'tcp 203.0.113.80 port 80'),
    'tcp 203.0.113.80 port 80 belongs to Service default/old, which is older',
  );
});

test('a creation time is read as a date or as text, and none is the oldest of all', (t) => {
  const text = '2026-01-01T00:00:00Z';
  t.is(bornAt({ metadata: { creationTimestamp: text } }), Date.UTC(2026, 0, 1));
  t.is(bornAt({}), 0);
  t.is(bornAt(undefined), 0);
});
