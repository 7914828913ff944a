import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { UnixctlServer } from '../../../src/daemon/unixctl_server.js';
import { readDaemon } from '../../../src/doctor/facts/daemons.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'doctor-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test('pidfile and control socket show whether a daemon is alive, dead, mute or absent', async (t) => {
  const rundir = directory(t);
  const state = async () => (await readDaemon({ program: 'x', rundir, isNeeded: true }, 200)).state;
  t.is(await state(), 'absent');
  writeFileSync(join(rundir, 'x.pid'), '4194304\n');
  t.is(await state(), 'dead');
  writeFileSync(join(rundir, 'x.pid'), `${process.pid}\n`);
  t.is(await state(), 'mute');
  const server = new UnixctlServer(join(rundir, `x.${process.pid}.ctl`));
  server.register('version', '', 0, 0, () => 'x 1');
  await server.listen();
  t.is(await state(), 'alive');
  await server.close();
});
