import test from 'ava';
import { CLASS_NUMBERS, classNameOf, readCounts } from '../../src/capture/counts.js';
import { CLASSES, classId } from '../../src/demux/classes.js';

test('class numbers name the classes of the table, and 0 is truncated', (t) => {
  t.is(CLASS_NUMBERS, CLASSES.length + 1);
  for (const name of CLASSES) t.is(classNameOf(classId(name)), name);
  t.is(classNameOf(0), 'truncated');
});

test('the totals of the addon are packets of each class number, then bytes', (t) => {
  const totals = BigUint64Array.from({ length: 2 * CLASS_NUMBERS + 1 }, (_, i) => BigInt(i));
  const counts = readCounts(totals);
  t.deepEqual([...counts.keys()], ['truncated', ...CLASSES]);
  t.deepEqual(counts.get('truncated'), { packets: 0n, bytes: BigInt(CLASS_NUMBERS) });
  const id = classId('pod-return');
  t.deepEqual(counts.get('pod-return'), { packets: BigInt(id), bytes: BigInt(CLASS_NUMBERS + id) });
});
