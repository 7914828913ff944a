import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../../lab/project.js';
import { lockHost } from '../../src/node/host_lock.js';

test('a second daemon on a host exits at its start and names the first', async (t) => {
  const rundir = mkdtempSync(join(tmpdir(), 'host-lock-'));
  t.teardown(() => rmSync(rundir, { recursive: true }));
  const start = () =>
    execa(process.execPath, ['--import=tsx', join(PROJECT, 'src/bin/ovn-k8s-node.ts'), '--timeout=1'], {
      cwd: PROJECT,
      reject: false,
      env: { OVS_RUNDIR: rundir },
    });
  const lock = lockHost(rundir);
  const { exitCode, stderr } = await start();
  t.is(exitCode, 1);
  t.regex(
    stderr,
    new RegExp(`another ovn-k8s-node keeps the routes and the nft table of this host, pid ${process.pid}`),
  );
  lock.release();
  t.notRegex((await start()).stderr, /another/);
});
