import test from 'ava';
import { sampleBetween, sampleJson } from '../../src/top/sample.js';
import { ADDRESS, SAMPLE, snapshot } from './snapshots.js';

test('a sample has the rates between two snapshots, and the totals', (t) => {
  t.deepEqual(
    [...SAMPLE.classes],
    [['management', { packets: 1_100n, bytes: 110_000n, packetsPerSecond: 500, bytesPerSecond: 50_000 }]],
  );
  t.like(SAMPLE.talkers[0], { address: ADDRESS, packetsPerSecond: 100, packets: 250n });
  t.like(SAMPLE.leaving, { packets: 5n, packetsPerSecond: 0 });
});

test('talkers are sorted by their rate, and a new talker starts at 0', (t) => {
  const before = snapshot(100n, 50n);
  const after = snapshot(1_100n, 250n);
  const newcomer = { address: '192.0.2.9', class: 'management', packets: 240n, bytes: 24_000n } as const;
  const sample = sampleBetween(before, { ...after, talkers: [...after.talkers, newcomer] }, 2);
  t.deepEqual(
    sample.talkers.map(({ address, packetsPerSecond }) => [address, packetsPerSecond]),
    [
      ['192.0.2.9', 120],
      [ADDRESS, 100],
    ],
  );
});

test('the JSON of a sample has plain numbers, and each class has a frame for explain --hex', (t) => {
  const frame = Buffer.from('0a58cb00710a', 'hex');
  const samples = new Map([['management', { frame, wireLength: 60 }]] as const);
  t.deepEqual(JSON.parse(sampleJson('eth0', { ...SAMPLE, samples })), {
    interface: 'eth0',
    seconds: 2,
    classes: {
      management: {
        packets: 1_100,
        bytes: 110_000,
        packetsPerSecond: 500,
        bytesPerSecond: 50_000,
        sample: '0a58cb00710a',
      },
    },
    leaving: { packets: 5, bytes: 300, packetsPerSecond: 0, bytesPerSecond: 0 },
    malformed: 1,
    dropped: 2,
    talkers: [
      {
        address: ADDRESS,
        class: 'management',
        packets: 250,
        bytes: 25_000,
        packetsPerSecond: 100,
        bytesPerSecond: 10_000,
      },
    ],
  });
});
