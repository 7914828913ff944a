import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { labTest } from '../../lab/lab_test.js';
import { startNotifySocket } from '../../lab/notify_socket.js';
import { executable } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';
import { Wire } from '../../lab/wire.js';
import { SILENT } from '../../src/daemon/log.js';
import { ServiceManager } from '../../src/daemon/service_manager.js';
import { sendDatagram } from '../../src/native.js';

const PID = 4711;

function folder(t: ExecutionContext<unknown>): string {
  const path = mkdtempSync(join(tmpdir(), 'notify-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Makes a manager that keeps what it would send. */
function manager(t: ExecutionContext<unknown>, env: NodeJS.ProcessEnv) {
  const sent: string[] = [];
  const made = new ServiceManager({
    env,
    pid: PID,
    log: SILENT,
    send: (socket, text) => sent.push(`${socket} ${text}`),
  });
  t.teardown(() => made.close());
  return { made, sent };
}

test('without a service manager nothing is sent', (t) => {
  const { made, sent } = manager(t, { WATCHDOG_USEC: '1000' });
  made.ready();
  made.stopping();
  t.deepEqual(sent, []);
});

test('a daemon reports that it is ready, pings the watchdog from then on, and reports its end', async (t) => {
  const env = { NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '3000', WATCHDOG_PID: String(PID) };
  const { made, sent } = manager(t, env);
  t.deepEqual(sent, []);
  made.ready();
  await until('three pings', () => when(sent.length > 3));
  made.stopping();
  made.close();
  const ended = [...sent];
  t.is(ended[0], '/s READY=1');
  t.is(ended.at(-1), '/s STOPPING=1');
  t.deepEqual([...new Set(ended.slice(1, -1))], ['/s WATCHDOG=1']);
});

for (const [what, more] of [
  ['is off', {}],
  ['is zero', { WATCHDOG_USEC: '0' }],
  ['cannot be read', { WATCHDOG_USEC: 'x' }],
  ['belongs to another process', { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }],
] as const)
  test(`a watchdog that ${what} is not pinged`, async (t) => {
    const { made, sent } = manager(t, { NOTIFY_SOCKET: '/s', ...more });
    // A ping of the first manager would come before the third one of this one.
    const { made: other, sent: pings } = manager(t, { NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '3000' });
    made.ready();
    other.ready();
    await until('three pings', () => when(pings.length > 3));
    t.deepEqual(sent, ['/s READY=1']);
  });

test('a service manager that does not receive is one line in the log, and no error', (t) => {
  const lines: string[] = [];
  const log = { ...SILENT, warn: (line: string) => lines.push(line) };
  const made = new ServiceManager({ env: { NOTIFY_SOCKET: join(folder(t), 'none') }, pid: PID, log });
  made.ready();
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /^cannot send READY=1 to .*\/none: sendto: No such file or directory$/);
});

test('a service manager that does not receive is logged when that starts and when it heals', (t) => {
  const lines: string[] = [];
  const log = {
    ...SILENT,
    warn: (line: string) => lines.push(line),
    info: (line: string) => lines.push(line),
  };
  let isAway = true;
  const send = () => {
    if (isAway) throw new Error('away');
  };
  const made = new ServiceManager({ env: { NOTIFY_SOCKET: '/s' }, pid: PID, log, send });
  made.ready();
  made.stopping();
  isAway = false;
  made.stopping();
  made.stopping();
  t.deepEqual(lines, ['cannot send READY=1 to /s: away', '/s receives again']);
});

test('a step that does not end ends the pings, with one line in the log, until it ends after all', async (t) => {
  const [sent, lines]: [string[], string[]] = [[], []];
  const log = { ...SILENT, err: (line: string) => lines.push(line) };
  const made = new ServiceManager({
    env: { NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '3000' },
    pid: PID,
    log,
    send: (_, text) => sent.push(text),
  });
  t.teardown(() => made.close());
  let asked = 0;
  let ms = 121_000;
  made.watch(() => {
    asked++;
    return ms;
  });
  made.ready();
  await until('three looks', () => when(asked >= 3));
  t.deepEqual(sent, ['READY=1']);
  t.deepEqual(lines, ['the current step has not ended in 120 s; the service manager restarts this daemon']);
  ms = 119_000;
  await until('a ping', () => when(sent.includes('WATCHDOG=1')));
});

test('a datagram reaches a socket of the file system and of the abstract namespace', async (t) => {
  const path = join(folder(t), 'socket');
  for (const name of [path, `@${path}`]) {
    const socket = await startNotifySocket(name);
    sendDatagram(name, 'READY=1');
    await socket.says(/^READY=1$/m);
    await socket.stop();
  }
  t.throws(() => sendDatagram('', 'x'), { message: /^sendto: Invalid argument$/ });
  t.throws(() => sendDatagram('x'.repeat(108), 'x'), { message: /^sendto: Invalid argument$/ });
  t.throws(() => sendDatagram(`@${path}`, 'x'), { message: /^sendto: Connection refused$/ });
});

test('a daemon that cannot start says why to its service manager, and does not end at once', async (t) => {
  const path = join(folder(t), 'socket');
  const socket = await startNotifySocket(path);
  t.teardown(() => socket.stop());
  const argv = [executable('ovn-k8s-watcher'), '--overlay', `--db=unix:${path}.none`, '--unixctl=none'];
  const env = { NOTIFY_SOCKET: path, OVS_RUNDIR: folder(t) };
  const watcher = execa(process.execPath, argv, { env, reject: false });
  await socket.says(/^STATUS=cannot start, tries again in 10 s: /m, 15_000);
  t.is(watcher.exitCode, null);
  watcher.kill('SIGTERM');
  t.is((await watcher).exitCode, 1);

  const misused = await execa(process.execPath, [...argv, '--no-such-option'], { env, reject: false });
  t.is(misused.exitCode, 2, 'the units do not restart this one');
});

labTest(
  'the helper is ready for systemd once its flows are in place, and pings while its loop turns',
  async (t) => {
    const wire = await Wire.start();
    t.teardown(() => wire.dispose());
    const path = join(folder(t), 'socket');
    const socket = await startNotifySocket(path);
    t.teardown(() => socket.stop());
    const helper = wire.host.net.spawn([
      ...['env', `NOTIFY_SOCKET=${path}`, 'WATCHDOG_USEC=300000'],
      ...[process.execPath, executable('ovn-k8s-gateway-helper')],
      ...['--physical-bridge=breth0', '--physical-interface=eth0'],
    ]);
    await socket.says(/^READY=1$/m);
    const flows = await wire.host.ofctl('--no-stats', 'dump-flows', 'breth0');
    t.true(flows.trim().split('\n').length > 5, flows);
    const pings = () => socket.output.split('WATCHDOG=1').length - 1;
    await until('pings', () => when(pings() >= 3));
    t.is(await helper.stop(), 0);
    await socket.says(/^STOPPING=1$/m);
  },
);
