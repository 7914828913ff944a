import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { hasKernelDatapath } from '../../src/host/kernel_datapath.js';

/** Answers as genl(8) of iproute2 6.1 and 6.15 do. */
for (const [what, script, expected] of [
  ['has', 'printf "\\nName: ovs_datapath\\n"', true],
  ['has not', 'echo "RTNETLINK answers: No such file or directory" >&2; exit 255', false],
  [
    'may have, but genl does not start',
    'echo "genl: error while loading shared libraries: libmnl.so.0: cannot open shared object file: No such file or directory" >&2; exit 127',
    true,
  ],
  ['may have, but does not answer', 'echo "RTNETLINK answers: Operation not permitted" >&2; exit 255', true],
] as const) {
  test(`a kernel that ${what} the datapath of Open vSwitch: ${expected}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'genl-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'genl');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    t.is(await hasKernelDatapath(program), expected);
  });
}

test('without genl the kernel is believed to have what ovs-vswitchd lists', async (t) => {
  t.true(await hasKernelDatapath('/nowhere/genl'));
});
