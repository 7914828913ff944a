import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { until } from '../../lab/until.js';
import { readPid, writePidfile } from '../../src/daemon/pidfile.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'pidfile-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Starts a daemon of OVS that only holds its pidfile. */
async function realDaemon(t: ExecutionContext, dir: string) {
  const pidfile = join(dir, 'ovsdb-server.pid');
  const args = [
    ...['--no-db', `--pidfile=${pidfile}`, '--no-chdir', '-vconsole:err', '--unixctl=none'],
    `--remote=punix:${join(dir, 'db.sock')}`,
  ];
  const server = execa('ovsdb-server', args, { reject: false, stdin: 'ignore' });
  t.teardown(async () => {
    server.kill('SIGKILL');
    await server;
  });
  await until('the pidfile', () => readPid(pidfile));
  return { pidfile, server, args };
}

test('a pidfile has the pid and a newline, and is removed with the daemon', (t) => {
  const path = join(directory(t), 'x.pid');
  const pidfile = writePidfile(path, { overwrite: false });
  t.is(readFileSync(path, 'utf8'), `${process.pid}\n`);
  t.false(existsSync(`${path}.tmp${process.pid}`));
  pidfile.remove();
  t.false(existsSync(path));
});

test('the pidfile of a daemon of OVS is refused with the pid, unless it may be overwritten', async (t) => {
  const { pidfile, server } = await realDaemon(t, directory(t));
  t.throws(() => writePidfile(pidfile, { overwrite: false }), {
    code: 'ERR_ALREADY_RUNNING',
    message: `${pidfile}: already running as pid ${server.pid}, aborting`,
  });
  const ours = writePidfile(pidfile, { overwrite: true });
  t.is(readPid(pidfile), process.pid);
  ours.remove();
});

test('a daemon of OVS refuses our pidfile with the same words', async (t) => {
  const dir = directory(t);
  const path = join(dir, 'ovsdb-server.pid');
  const ours = writePidfile(path, { overwrite: false });
  const { exitCode, stderr } = await execa(
    'ovsdb-server',
    ['--no-db', `--pidfile=${path}`, '--no-chdir', '--unixctl=none', `--remote=punix:${dir}/db.sock`],
    { reject: false, timeout: 5_000 },
  );
  t.is(exitCode, 1);
  t.true(stderr.includes(`${path}: already running as pid ${process.pid}, aborting`), stderr);
  ours.remove();
});

test('the pidfile of a dead daemon is taken over', async (t) => {
  const { pidfile, server } = await realDaemon(t, directory(t));
  server.kill('SIGKILL');
  await server;
  t.is(readPid(pidfile), server.pid);
  const ours = writePidfile(pidfile, { overwrite: false });
  t.is(readPid(pidfile), process.pid);
  ours.remove();
});

test('a daemon whose pidfile was overwritten leaves the new one when it ends', (t) => {
  const path = join(directory(t), 'x.pid');
  const ours = writePidfile(path, { overwrite: false });
  writeFileSync(path, '1\n');
  ours.remove();
  t.is(readPid(path), 1);
});

test('nonsense in a pidfile counts as no daemon, and a missing directory is named', (t) => {
  const path = join(directory(t), 'x.pid');
  writeFileSync(path, 'nonsense\n');
  t.is(readPid(path), undefined);
  writePidfile(path, { overwrite: false }).remove();
  t.throws(() => writePidfile('/nonexistent/x.pid', { overwrite: false }), {
    code: 'ERR_PIDFILE',
    message: /\/nonexistent\/x\.pid/,
  });
});
