import test from 'ava';
import { Garbage } from '../../src/kube/garbage.js';

const PAGE = { bytes: 2_700_000, values: 300_000 };

test('what is left of large answers is collected before it adds up', (t) => {
  let collections = 0;
  const garbage = new Garbage(() => collections++);
  for (let i = 0; i < 60; i++) garbage.add(PAGE);
  t.true(collections >= 15 && collections <= 30, `${collections} collections for 30,000 pods`);
  for (let i = 0; i < 10; i++) garbage.add({ bytes: 32 * 1024 * 1024, values: 1 });
  t.true(collections >= 24, 'nor do long texts of few values add up');
});

test('small answers cause no collection', (t) => {
  const garbage = new Garbage(() => t.fail());
  for (let i = 0; i < 1_000; i++) garbage.add({ bytes: 3_000, values: 100 });
  t.pass();
});

test('a collection frees what no one holds', (t) => {
  const garbage = new Garbage();
  let left = [new WeakRef({ page: 1 })];
  garbage.add({ bytes: 41 * 1024 * 1024, values: 0 });
  // The engine keeps what was made in this turn; the next collection is in another one.
  return new Promise<void>((resolve) => {
    setImmediate(() => {
      garbage.add({ bytes: 41 * 1024 * 1024, values: 0 });
      left = left.filter((one) => one.deref() !== undefined);
      t.deepEqual(left, []);
      resolve();
    });
  });
});
