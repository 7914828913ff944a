import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../../lab/project.js';
import { complaintAbout } from '../../src/daemon/memory_limit.js';

const MODULE = join(PROJECT, 'src/daemon/memory_limit.ts');

test('a daemon ends with words of its own before V8 aborts at the limit of its heap', async (t) => {
  const leak = `
    import { watchMemory } from ${JSON.stringify(MODULE)};
    watchMemory((complaint) => { console.log(complaint); process.exit(70); });
    const kept = [];
    setInterval(() => { for (let i = 0; i < 20_000; i++) kept.push({ i, text: [i] }); }, 1);
  `;
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    ['--max-old-space-size=96', '--import=tsx', '--input-type=module', '--eval', leak],
    { cwd: PROJECT, reject: false },
  );
  t.is(exitCode, 70, stderr);
  t.regex(stdout, /^memory limit: \d+ MB of at most \d+ MB are in use; ends to start anew$/);
});

test('a heap with room is no complaint', (t) => {
  const of = (used: number) => complaintAbout({ used_heap_size: used << 20, heap_size_limit: 560 << 20 });
  t.is(of(430), undefined);
  t.is(of(440), 'memory limit: 440 MB of at most 512 MB are in use; ends to start anew');
});
