import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { removeDeadSockets } from '../../src/daemon/dead_sockets.js';

/** A process that binds its argument and is killed. */
const KILLED = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;

test('control sockets of killed processes of the program are removed, and no others', async (t) => {
  const rundir = mkdtempSync(join(tmpdir(), 'dead-'));
  const alive = createServer();
  t.teardown(() => {
    alive.close();
    rmSync(rundir, { recursive: true });
  });
  const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
  const bound = ['helper', 'other', 'helper.more'].map((program) => `${program}.${dead}.ctl`);
  for (const file of [...bound, `helper.${process.pid}.ctl`])
    t.is(spawnSync(process.execPath, ['-e', KILLED, join(rundir, file)]).signal, 'SIGKILL');
  // Another container's process has an ID that no process has here.
  const { pid: elsewhere } = spawnSync(process.execPath, ['-e', '']);
  await new Promise<void>((resolve) => alive.listen(join(rundir, `helper.${elsewhere}.ctl`), resolve));
  writeFileSync(join(rundir, 'helper.pid'), '1\n');
  await removeDeadSockets(rundir, 'helper');
  t.deepEqual(
    readdirSync(rundir).toSorted(),
    [
      'helper.pid',
      `helper.${process.pid}.ctl`,
      `helper.${elsewhere}.ctl`,
      `helper.more.${dead}.ctl`,
      `other.${dead}.ctl`,
    ].toSorted(),
  );
});

test('a directory that is not there has none', async (t) => {
  await t.notThrowsAsync(removeDeadSockets('/nonexistent', 'helper'));
});
