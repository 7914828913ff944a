import test from 'ava';
import { reportOf } from '../../lab/ping.js';

/** The output of ping with answers to these requests, one each 5 ms, of `sent`. */
function output(sent: number, ...answered: readonly number[]): string {
  const lines = answered.map(
    (seq) =>
      `[1700000000.${String(seq * 5_000).padStart(6, '0')}] 64 bytes from x: icmp_seq=${seq} ttl=64 time=1 ms`,
  );
  return `${lines.join('\n')}\n\n${sent} packets transmitted, ${answered.length} received\n`;
}

test('a request that is on its way when ping ends is not lost, one before an answer is', (t) => {
  t.deepEqual(reportOf(output(6, 1, 2, 4, 5)).lost, [3]);
});

test('requests are lost if none has been answered for long when ping ends', (t) => {
  t.deepEqual(reportOf(output(13, 1, 2)).lost, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
});

test('a second answer is a duplicate', (t) => {
  const { duplicates, longestGapMs } = reportOf(output(3, 1, 2, 2, 3));
  t.is(duplicates, 1);
  t.is(Math.round(longestGapMs), 5);
});
