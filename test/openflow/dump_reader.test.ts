import test from 'ava';
import fc from 'fast-check';
import { dumpOf } from '../../bench/lab/dump.js';
import { demuxFlows } from '../../src/demux/table.js';
import { eachDumped } from '../../src/openflow/dump_reader.js';
import type { InstalledFlow } from '../../src/openflow/flow.js';
import { GATEWAY } from '../demux/sample.js';

const FLOWS = demuxFlows(GATEWAY);
const DUMP = dumpOf(FLOWS);

async function readDump(chunks: Parameters<typeof eachDumped>[0]): Promise<InstalledFlow[]> {
  const flows: InstalledFlow[] = [];
  await eachDumped(chunks, (flow) => flows.push(flow));
  return flows;
}

test('a dump is parsed the same wherever it is cut into chunks', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(DUMP.length), { maxLength: 9 }), async (cuts) => {
      const ends = [0, ...cuts, DUMP.length].toSorted((a, b) => a - b);
      const read = await readDump(ends.map((end, i) => DUMP.slice(ends[i - 1] ?? 0, end)));
      t.deepEqual(
        read.map(({ cookie, text }) => ({ cookie, text })),
        FLOWS.map(({ cookie, text }) => ({ cookie, text })),
      );
    }),
    { numRuns: 20 },
  );
});

test('the last line counts without a newline', async (t) => {
  t.is((await readDump([DUMP.trimEnd()])).length, FLOWS.length);
});

test('a flow with changed actions is another flow', async (t) => {
  await readDump([DUMP]);
  const changed = await readDump([DUMP.replace('actions=LOCAL', 'actions=drop')]);
  t.is(changed.filter(({ text }) => !FLOWS.some((flow) => flow.text === text)).length, 1);
});

test('a line that is too long is an error', async (t) => {
  await t.throwsAsync(readDump(Array.from({ length: 20 }, () => 'x'.repeat(100_000))), {
    code: 'ERR_MESSAGE_TOO_LARGE',
  });
});
