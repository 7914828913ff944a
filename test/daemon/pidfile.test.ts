import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../../lab/project.js';
import { until } from '../../lab/until.js';
import { readPid, writePidfile } from '../../src/daemon/pidfile.js';
import type { Order } from './pidfile_agent.js';

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
  writeFileSync(`${path}.other`, '1\n');
  renameSync(`${path}.other`, path);
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

const ROUNDS = 80;

/** Starts processes that write pidfiles when they are told to. */
function rivals(t: ExecutionContext, count: number) {
  const agent = join(PROJECT, 'test/daemon/pidfile_agent.ts');
  const processes = Array.from({ length: count }, () => fork(agent, { execArgv: ['--import=tsx'] }));
  t.teardown(() => {
    for (const one of processes) one.kill('SIGKILL');
  });
  /** Sends one order to all; resolves with their answers. */
  return async (path?: string): Promise<readonly string[]> => {
    const answers = processes.map((one) => once(one, 'message'));
    const order: Order = { ...(path === undefined ? {} : { path }), at: Date.now() + 5 };
    for (const one of processes) one.send(order);
    return (await Promise.all(answers)).map(([answer]) => String(answer));
  };
}

for (const [what, before] of [
  ['no pidfile exists', undefined],
  ['a dead daemon left its pidfile', '999999999\n'],
] as const) {
  test(`of processes that start at once exactly one writes the pidfile if ${what}`, async (t) => {
    const dir = directory(t);
    const order = rivals(t, 2);
    for (let round = 0; round < ROUNDS; round++) {
      const path = join(dir, `${round}.pid`);
      if (before !== undefined) writeFileSync(path, before);
      const answers = await order(path);
      t.deepEqual([...answers].sort(), ['ERR_ALREADY_RUNNING', 'won'], `round ${round}`);
      t.true(existsSync(path));
      await order();
    }
    t.deepEqual(readdirSync(dir), []);
  });
}

test('a reader always finds a pidfile while a daemon takes over that of a dead one', async (t) => {
  const path = join(directory(t), 'x.pid');
  const order = rivals(t, 1);
  let reads = 0;
  for (let round = 0; round < ROUNDS; round++) {
    writeFileSync(path, '999999999\n');
    const answered = order(path);
    const end = Date.now() + 15;
    for (; Date.now() < end; reads++)
      if (!existsSync(path)) return t.fail(`round ${round}: there is no pidfile`);
    t.deepEqual(await answered, ['won']);
    await order();
  }
  t.log(`${reads} reads`);
});

test('a daemon that ends never removes the pidfile of the next one', async (t) => {
  const dir = directory(t);
  const order = rivals(t, 3);
  const path = join(dir, 'x.pid');
  let handovers = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const mine = writePidfile(path, { overwrite: false });
    const answered = order(path);
    const at = Date.now() + 5;
    while (Date.now() < at);
    mine.remove();
    const won = (await answered).filter((answer) => answer === 'won').length;
    t.true(won <= 1, `round ${round}`);
    t.is(existsSync(path), won === 1, `round ${round}`);
    handovers += won;
    await order();
  }
  t.log(`${handovers} of ${ROUNDS} rounds handed over`);
});
