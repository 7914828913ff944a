import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { shellLine } from '../../src/nic/dhcp_shell.js';

const LEASES = 'lease {\n  interface "eth0";\n}\n';

test('the line for pasting moves the leases, also if they stay in the same file', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'leases-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'dhclient.leases');
  for (const newFile of [file, join(dir, 'dhclient.breth0.leases'), join(dir, "it's here")]) {
    writeFileSync(file, LEASES);
    const line = shellLine({
      client: 'dhclient',
      leases: { file, newFile, from: 'eth0', to: 'breth0' },
      commands: [['echo', '-nw', "$(x) 'y'"]],
      undo: [],
    });
    const { stdout } = await execa('sh', ['-c', line]);
    t.is(stdout, "-nw $(x) 'y'");
    t.is(readFileSync(newFile, 'utf8'), LEASES.replace('eth0', 'breth0'));
  }
});
