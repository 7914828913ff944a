import test from 'ava';
import { dumpOf } from '../../bench/lab/dump.js';
import { demuxFlows } from '../../src/demux/table.js';
import { dumpReader } from '../../src/openflow/dump_reader.js';
import { GATEWAY } from '../demux/sample.js';

const FLOWS = demuxFlows(GATEWAY);
const DUMP = dumpOf(FLOWS);

test('a dump is read the same however many were read before, and counters are always the new ones', (t) => {
  const read = dumpReader();
  const first = read(DUMP);
  t.deepEqual(
    first.map(({ cookie, text }) => ({ cookie, text })),
    FLOWS.map(({ cookie, text }) => ({ cookie, text })),
  );
  const later = read(DUMP.replaceAll('n_packets=17', 'n_packets=18'));
  t.deepEqual(
    later,
    first.map((flow) => ({ ...flow, packets: 18n })),
  );
});

test('a flow whose actions somebody changed is read anew', (t) => {
  const read = dumpReader();
  read(DUMP);
  const changed = read(DUMP.replace('actions=LOCAL', 'actions=drop'));
  t.is(changed.filter(({ text }) => !FLOWS.some((flow) => flow.text === text)).length, 1);
});
