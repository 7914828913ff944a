import test from 'ava';
import fc from 'fast-check';
import { History, type Move } from './history.js';

const FAULTS = ['one', 'two'];

function play(seed: number, count: number, check?: (move: Move, history: History) => void): Move[] {
  const history = new History(seed);
  return Array.from({ length: count }, () => {
    const move = history.next(FAULTS);
    check?.(move, history);
    return move;
  });
}

test('a seed always plays the same history, and another seed another one', (t) => {
  t.deepEqual(play(7, 200), play(7, 200));
  t.notDeepEqual(play(7, 200), play(8, 200));
});

test('every kind of move occurs', (t) => {
  const kinds = new Set(play(1, 300).map((move) => move.do));
  t.deepEqual([...kinds].toSorted(), ['create pod', 'delete pod', 'delete service', 'fault', 'put service']);
});

test('in any history, services have living pods only, each a node port of its own, and names never come back', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), (seed) => {
      const seen = new Set<string>();
      play(seed, 300, (move, { world }) => {
        if (move.do === 'create pod') {
          t.false(seen.has(move.pod));
          seen.add(move.pod);
        }
        const services = [...world.services.values()];
        t.true(services.every(({ endpoints }) => endpoints.every((pod) => world.pods.has(pod))));
        t.is(new Set(services.map(({ nodePort }) => nodePort)).size, services.length);
        t.true(services.every(({ nodePort }) => nodePort >= 30_100 && nodePort <= 32_767));
      });
    }),
    { numRuns: 50 },
  );
});
