import test from 'ava';
import { CLASSES } from '../../src/demux/classes.js';
import { countByClass } from '../../src/demux/counters.js';
import { demuxFlows } from '../../src/demux/table.js';
import { CONNTRACK, GATEWAY } from './sample.js';

test('the counters of all flows of a class are summed, in the order of the table', (t) => {
  const installed = demuxFlows(GATEWAY).map((flow) => ({ ...flow, packets: 2n, bytes: 120n }));
  const counts = countByClass(installed);
  t.deepEqual([...counts.keys()], [...CLASSES]);
  // Geneve and STT, in and out, of both families.
  t.deepEqual(counts.get('tunnel'), { packets: 16n, bytes: 960n });
  // Frames with two tags, from PHYS and LOCAL, and everything else.
  t.deepEqual(counts.get('other'), { packets: 10n, bytes: 600n });
  t.deepEqual(counts.get('external'), { packets: 0n, bytes: 0n });
});

test('a flow that only steers counts for no class, so no packet is counted twice', (t) => {
  const steering = demuxFlows({ ...GATEWAY, demux: CONNTRACK }).filter(
    ({ cookie }) => ((cookie >> 40n) & 0xffn) === 0n,
  );
  t.true(steering.length > 0);
  const counts = countByClass(steering.map((flow) => ({ ...flow, packets: 7n, bytes: 7n })));
  t.true([...counts.values()].every(({ packets, bytes }) => packets === 0n && bytes === 0n));
});
