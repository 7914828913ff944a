import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { askDaemon } from '../../src/daemon/ask.js';
import { UnixctlServer } from '../../src/daemon/unixctl_server.js';

const PROGRAM = 'somebody';

async function runDirectory(t: ExecutionContext): Promise<string> {
  const rundir = await mkdtemp(join(tmpdir(), 'ask-'));
  t.teardown(() => rm(rundir, { recursive: true }));
  return rundir;
}

test('a daemon is asked on the socket that its pidfile names', async (t) => {
  const rundir = await runDirectory(t);
  const server = new UnixctlServer(join(rundir, `${PROGRAM}.4711.ctl`));
  server.register('echo', '[word...]', 0, 3, (words) => words.join(' '));
  await server.listen();
  await writeFile(join(rundir, `${PROGRAM}.pid`), '4711\n');
  t.is(await askDaemon({ program: PROGRAM, rundir, timeoutMs: 5_000 }, 'echo', ['a', 'b']), 'a b\n');
  await server.close();
});

test('the error of a daemon without a pidfile names the file', async (t) => {
  const rundir = await runDirectory(t);
  await t.throwsAsync(askDaemon({ program: PROGRAM, rundir, timeoutMs: 5_000 }, 'echo'), {
    code: 'ERR_NOT_RUNNING',
    message: `there is no ${rundir}/${PROGRAM}.pid: start ${PROGRAM} with --pidfile`,
  });
});

test('the error of a daemon that died names its socket', async (t) => {
  const rundir = await runDirectory(t);
  await writeFile(join(rundir, `${PROGRAM}.pid`), '4711\n');
  await t.throwsAsync(askDaemon({ program: PROGRAM, rundir, timeoutMs: 5_000 }, 'echo'), {
    code: 'ERR_UNIXCTL',
    message: /somebody\.4711\.ctl/,
  });
});
