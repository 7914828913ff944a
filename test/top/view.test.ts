import test from 'ava';
import { viewOf } from '../../src/top/view.js';
import { SAMPLE } from './snapshots.js';

const WHOLE = viewOf(SAMPLE, { device: 'eth0', rows: 30, columns: 200, note: undefined });

test('the view has a row for each class and sender, the leaving frames, and what was lost', (t) => {
  const lines = viewOf(SAMPLE, { device: 'eth0', rows: 30, columns: 200, note: 'a note' });
  t.is(lines[0], 'eth0: 500 packets/s in, 0 out; lost here 2, malformed 1');
  t.is(lines[1], 'a note');
  const rows = lines.map((line) => line.replaceAll(/ +/g, ' '));
  t.deepEqual(rows.slice(2), [
    '',
    'class packets/s Mbit/s packets bytes',
    'management 500 0.40 1100 110000',
    '(leaving) 0 0 5 300',
    '',
    'sender, class packets/s Mbit/s packets bytes',
    '198.51.100.7 management 100 0.08 250 25000',
  ]);
});

for (const [rows, columns] of [
  [4, 20],
  [1, 1],
  [24, 80],
  [3, 200],
] as const)
  test(`a screen of ${rows} rows and ${columns} columns shows the upper left part of the view`, (t) => {
    const lines = viewOf(SAMPLE, { device: 'eth0', rows, columns, note: undefined });
    t.is(lines.length, Math.min(rows, WHOLE.length));
    t.deepEqual(
      lines,
      WHOLE.slice(0, rows).map((line) => line.slice(0, columns)),
    );
  });
