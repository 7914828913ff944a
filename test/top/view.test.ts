import test from 'ava';
import type { Seen } from '../../src/capture/packet_capture.js';
import { parseIp } from '../../src/net/ip.js';
import { sampleBetween, sampleJson } from '../../src/top/sample.js';
import { Ticks } from '../../src/top/ticks.js';
import { viewOf } from '../../src/top/view.js';

const ADDRESS = parseIp('198.51.100.7');

function seen(packets: bigint, talker: bigint): Seen {
  return {
    classes: new Map([
      ['management', { packets, bytes: packets * 100n }],
      ['tunnel', { packets: 0n, bytes: 0n }],
    ]),
    malformed: 1n,
    leaving: { packets: 5n, bytes: 300n },
    dropped: 2n,
    talkers: [{ address: ADDRESS, class: 'management', packets: talker, bytes: talker * 100n }],
    samples: new Map(),
  };
}

const SAMPLE = sampleBetween(seen(100n, 50n), seen(1_100n, 250n), 2);

test('a sample has what came since the last one a second, and what came in all', (t) => {
  t.deepEqual(
    [...SAMPLE.classes],
    [['management', { packets: 1_100n, bytes: 110_000n, packetsPerSecond: 500, bytesPerSecond: 50_000 }]],
  );
  t.like(SAMPLE.talkers[0], { address: ADDRESS, packetsPerSecond: 100, packets: 250n });
  t.like(SAMPLE.leaving, { packets: 5n, packetsPerSecond: 0 });
});

test('the view has a row a class and a sender, what leaves, and what was lost', (t) => {
  const lines = viewOf(SAMPLE, { device: 'eth0', rows: 30, columns: 200, note: 'a note' });
  t.is(lines[0], 'eth0: 500 packets/s in, 0 out; lost here 2, malformed 1');
  t.is(lines[1], 'a note');
  t.true(
    lines.some((line) => /^management +500 +0\.40 +1100 +110000$/.test(line)),
    lines.join('\n'),
  );
  t.true(lines.some((line) => /^\(leaving\) +0 +0 +5 +300$/.test(line)));
  t.true(lines.some((line) => /^198\.51\.100\.7 management +100 +0\.08 +250 +25000$/.test(line)));
});

test('the view fits the screen, however small', (t) => {
  for (const [rows, columns] of [
    [4, 20],
    [1, 1],
    [24, 80],
  ] as const) {
    const lines = viewOf(SAMPLE, { device: 'eth0', rows, columns, note: undefined });
    t.true(lines.length <= rows);
    t.true(lines.every((line) => line.length <= columns));
  }
});

test('the JSON of a sample is numbers and names', (t) => {
  t.like(JSON.parse(sampleJson('eth0', SAMPLE)), {
    interface: 'eth0',
    seconds: 2,
    classes: { management: { packets: 1_100, bytes: 110_000, packetsPerSecond: 500 } },
    leaving: { packets: 5 },
    dropped: 2,
  });
});

test('ticks go on until stopped, at once when they are waited for', async (t) => {
  const ticks = new Ticks(5);
  t.true(await ticks.next());
  const late = new Ticks(60_000);
  const waiting = late.next();
  late.stop();
  t.false(await waiting);
  t.false(await late.next());
});
