import test from 'ava';
import { Talkers } from '../../src/capture/talkers.js';

test('the heaviest senders come first', (t) => {
  const talkers = new Talkers();
  for (const address of ['a', 'b', 'b', 'c', 'c', 'c']) talkers.add(address, 'management', 60n);
  t.deepEqual(
    talkers.heaviest(2).map(({ address, packets, bytes }) => [address, packets, bytes]),
    [
      ['c', 3n, 180n],
      ['b', 2n, 120n],
    ],
  );
});

test('invented senders push out neither a heavy sender nor one that comes after them', (t) => {
  const talkers = new Talkers();
  let invented = 0;
  const flood = (count: number) => {
    for (let i = 0; i < count; i++) talkers.add(`invented ${invented++}`, 'management', 60n);
  };
  for (let i = 0; i < 10; i++) talkers.add('early', 'management', 60n);
  flood(20_000);
  for (let i = 0; i < 10; i++) {
    talkers.add('late', 'management', 60n);
    flood(1_000);
  }
  t.deepEqual(
    talkers.heaviest(2).map(({ address, packets }) => [address, packets]),
    [
      ['early', 10n],
      ['late', 10n],
    ],
  );
  t.is(talkers.heaviest(10_000).length, 4_096);
});
