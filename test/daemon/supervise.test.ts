import { readFileSync, readlinkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { labTest } from '../../lab/lab_test.js';
import { until, when } from '../../lab/until.js';
import { Wire } from '../../lab/wire.js';
import {
  clearAway,
  ends,
  HELPER,
  isAlive,
  logOf,
  parentOf,
  pidfileOf,
  pidOf,
  traces,
} from './helper_processes.js';

const LINE =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\|\d{5}\|[a-z_]+(\([^)]*\))?\|(EMER|ERR|WARN|INFO|DBG)\|.+$/;
const PORTS = ['--physical-bridge=breth0', '--physical-interface=eth0'];

/** Each test starts a helper of its own on it. */
let wire: Wire;
test.before(async () => {
  if (process.getuid?.() === 0) wire = await Wire.start();
});
test.afterEach.always(async () => {
  if (wire !== undefined) await clearAway(wire.host);
});
test.after.always(() => wire?.dispose());

const flowsOf = async () => (await wire.host.ofctl('--no-stats', 'dump-flows', 'breth0')).split('\n').sort();

labTest(
  '--detach returns when the flows are in place, and the daemon holds no terminal and no directory',
  async (t) => {
    const { host } = wire;
    const { exitCode, stdout } = await host.run(HELPER, [...PORTS, '--detach', '--pidfile', '--log-file']);
    t.is(exitCode, 0);
    t.is(stdout, '');
    t.true((await flowsOf()).length > 5);
    t.regex(await wire.helper('status'), /breth0/);
    const pid = pidOf(host);
    t.is(readlinkSync(`/proc/${pid}/cwd`), '/');
    const session = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[3];
    t.is(Number(session), pid);
  },
);

labTest("ovs-appctl finds the daemon by its name, and its commands look like OVS's", async (t) => {
  await wire.startHelper();
  const { host } = wire;
  t.regex(await wire.helper('version'), /^ovn-k8s-gateway-helper \d+\.\d+\.\d+$/);
  const commands = await wire.helper('list-commands');
  for (const name of ['exit', 'version', 'list-commands', 'vlog/list', 'vlog/set', 'vlog/reopen', 'status']) {
    t.regex(commands, new RegExp(`^  ${name}( |$)`, 'm'));
  }
  const table = (text: string) => text.split('\n').slice(0, 2);
  const theirs = await host.appctl('vlog/list');
  t.deepEqual(table(await wire.helper('vlog/list')), table(theirs));
  const row =
    /^[a-z0-9_]+ +(OFF|EMER|ERR|WARN|INFO|DBG) +(OFF|EMER|ERR|WARN|INFO|DBG) +(OFF|EMER|ERR|WARN|INFO|DBG)$/;
  const ours = await wire.helper('vlog/list');
  for (const line of [...theirs.split('\n'), ...ours.split('\n')].filter((one) => /^[a-z]/.test(one))) {
    t.regex(line, row);
  }
});

labTest('log levels can be set in a running daemon, for one module or all', async (t) => {
  await wire.startHelper();
  const levels = async (module: string) =>
    new RegExp(`^${module} +(.*)$`, 'm').exec(await wire.helper('vlog/list'))?.[1]?.split(/ +/);
  await wire.helper('vlog/set', 'gateway:file:dbg');
  t.is((await levels('gateway'))?.[2], 'DBG');
  t.is((await levels('ovsdb'))?.[2], 'INFO');
  await wire.helper('vlog/set', 'file:warn', 'gateway:syslog:err');
  t.deepEqual((await levels('gateway'))?.slice(1), ['ERR', 'WARN']);
  await wire.helper('vlog/set', 'ANY:file:info');
  await t.throwsAsync(wire.helper('vlog/set', 'nonsense:info'), {
    message: /no destination, level, or module "nonsense"/,
  });
  await t.throwsAsync(wire.helper('vlog/set', 'gateway:loud'), { message: /cannot place "loud"/ });
});

labTest("log lines look like OVS's, and go to a new file after vlog/reopen or SIGHUP", async (t) => {
  await wire.startHelper();
  const { host } = wire;
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  const theirs = readFileSync(join(host.rundir, 'ovs-vswitchd.log'), 'utf8');
  for (const line of [...lines(theirs), ...lines(logOf(host))]) t.regex(line, LINE);
  const path = join(host.rundir, `${HELPER}.log`);
  for (const reopen of [() => wire.helper('vlog/reopen'), () => process.kill(pidOf(host), 'SIGHUP')]) {
    renameSync(path, `${path}.1`);
    await reopen();
    await until('a new log file', () => {
      try {
        return logOf(host) === '' ? true : undefined;
      } catch {
        return undefined;
      }
    });
  }
  await wire.helper('exit');
  await until('the last line in the new file', () => when(logOf(host).endsWith('|INFO|exiting\n')));
  for (const line of lines(logOf(host))) t.regex(line, LINE);
});

labTest('a second instance is refused with the pid of the first, which keeps running', async (t) => {
  await wire.startHelper();
  const { host } = wire;
  const first = pidOf(host);
  for (const more of [[], ['--detach']]) {
    const second = await host.run(HELPER, [...PORTS, '--pidfile', ...more]);
    t.is(second.exitCode, 1);
    t.regex(second.stderr, new RegExp(`^${HELPER}: .*: already running as pid ${first}, aborting$`, 'm'));
  }
  t.is(pidOf(host), first);
  t.regex(await wire.helper('status'), /breth0/);
});

labTest(
  '--overwrite-pidfile starts a second daemon, whose pidfile stays when the first one ends',
  async (t) => {
    await wire.startHelper();
    const { host } = wire;
    const first = pidOf(host);
    const bridge = ['set', 'Bridge', 'br9', 'datapath_type=netdev'];
    const port = ['add-port', 'br9', 'nic9', '--', 'set', 'Interface', 'nic9', 'type=internal'];
    await host.vsctl('add-br', 'br9', '--', ...bridge, '--', ...port);
    t.teardown(() => host.vsctl('del-br', 'br9'));
    const { exitCode, stderr } = await host.run(HELPER, [
      ...['--physical-bridge=br9', '--physical-interface=nic9'],
      ...['--detach', '--pidfile', '--overwrite-pidfile', '--log-file'],
    ]);
    t.is(exitCode, 0, stderr);
    const second = pidOf(host);
    t.not(second, first);
    process.kill(first, 'SIGTERM');
    await ends(first);
    t.is(pidOf(host), second);
    t.regex(await wire.helper('status'), /br9/);
  },
);

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  labTest(`${name} ends the daemon, removes pidfile and socket, and leaves the flows`, async (t) => {
    const { host } = wire;
    await wire.startHelper();
    const [pid, flows] = [pidOf(host), await flowsOf()];
    process.kill(pid, name);
    await ends(pid);
    t.deepEqual(traces(host), []);
    t.deepEqual(await flowsOf(), flows);
    t.regex(logOf(host), /\|INFO\|exiting\n$/);
  });
}

labTest(
  'a daemon in the foreground logs to standard error, and ovs-appctl exit ends it with exit code 0',
  async (t) => {
    const { host } = wire;
    const control = join(host.rundir, 'foreground.ctl');
    const helper = host.spawn(HELPER, [...PORTS, `--unixctl=${control}`, '-vgateway:console:dbg']);
    await until('an answer', async () => {
      const { exitCode } = await host.net.attempt(['ovs-appctl', '-t', control, 'status']);
      return when(exitCode === 0);
    });
    t.is(await host.appctl('-t', control, 'exit'), '');
    t.is(await helper.exited, 0);
    for (const line of helper.output.trimEnd().split('\n')) t.regex(line, LINE);
    t.false((await host.net.attempt(['ovs-appctl', '-t', control, 'version'])).exitCode === 0);
  },
);

labTest('the next daemon takes over the pidfile and socket of a killed daemon', async (t) => {
  const { host } = wire;
  const control = `--unixctl=${join(host.rundir, `${HELPER}.ctl`)}`;
  await wire.startHelper(control);
  const first = pidOf(host);
  process.kill(first, 'SIGKILL');
  await ends(first);
  t.deepEqual(traces(host).sort(), [`${HELPER}.breth0.lock`, `${HELPER}.ctl`, `${HELPER}.pid`]);
  const answer = await host.net.attempt(['ovs-appctl', '-t', HELPER, 'version']);
  t.not(answer.exitCode, 0);
  await wire.startHelper(control);
  t.not(pidOf(host), first);
  await host.appctl('-t', join(host.rundir, `${HELPER}.ctl`), 'exit');
  await until('its files to go', () => when(traces(host).length === 0));
});

labTest('--detach prints why the daemon could not start, exits with 1 and leaves no files', async (t) => {
  const { host } = wire;
  for (const [args, message] of [
    [
      ['--physical-bridge=br9', '--physical-interface=eth0'],
      /--physical-bridge=br9: there is no such bridge/,
    ],
    [
      ['--physical-bridge=breth0', '--physical-interface=eth9'],
      /eth9: is not a NIC of breth0, which has eth0; /,
    ],
    [['--physical-bridge=breth0', '--physical-interface=breth0'], /breth0: is not a NIC of breth0/],
    [[...PORTS, '--db=unix:/nonexistent', '--timeout=0.2'], /unix:\/nonexistent does not answer/],
  ] as const) {
    for (const mode of [['--detach'], ['--detach', '--monitor'], []]) {
      const { exitCode, stderr } = await host.run(HELPER, [...args, ...mode, '--pidfile', '-vconsole:off']);
      t.is(exitCode, 1, stderr);
      t.regex(stderr, message);
      t.is(stderr.split('\n').length, 1, stderr);
      t.deepEqual(traces(host), []);
    }
  }
});

labTest('a name that the kernel does not accept for an interface is a wrong option', async (t) => {
  const { exitCode, stderr } = await wire.host.run(HELPER, [
    ...['--physical-bridge=breth0', '--physical-interface=k8s-patch-breth0-br-int', '--pidfile'],
  ]);
  t.is(exitCode, 2);
  t.regex(stderr, /k8s-patch-breth0-br-int: is not a valid interface name/);
  t.deepEqual(traces(wire.host), []);
});

labTest('--monitor restarts a daemon after a fault, and ends with a daemon that was stopped', async (t) => {
  const { host } = wire;
  await wire.startHelper('--monitor');
  const first = pidOf(host);
  const monitor = parentOf(first);
  const flows = await flowsOf();
  process.kill(first, 'SIGSEGV');
  await until('a new daemon', () => when(pidOf(host) !== first && isAlive(pidOf(host))));
  await until('its answer', async () =>
    when((await host.net.attempt(['ovs-appctl', '-t', HELPER, 'status'])).exitCode === 0),
  );
  const second = pidOf(host);
  t.is(parentOf(second), monitor);
  t.regex(logOf(host), /\|daemon_unix\|ERR\|daemon died \(SIGSEGV\), restarting\n/);
  t.deepEqual(await flowsOf(), flows);
  process.kill(monitor, 'SIGTERM');
  await ends(second);
  await ends(monitor);
  t.deepEqual(
    traces(host).filter((name) => !name.includes(String(first))),
    [],
  );
});

labTest('exit ends a monitored daemon and its monitor', async (t) => {
  const { host } = wire;
  await wire.startHelper('--monitor');
  const pid = pidOf(host);
  const monitor = parentOf(pid);
  await wire.helper('exit');
  await ends(pid);
  await ends(monitor);
  t.false(traces(host).includes(pidfileOf(host)));
});

labTest(
  'a daemon waits for a switch that does not answer, reports it, and can still be stopped',
  async (t) => {
    const { host } = wire;
    await host.killSwitch();
    for (const mode of [['--detach'], ['--detach', '--monitor'], []]) {
      const { exitCode, stderr } = await host.run(HELPER, [
        ...PORTS,
        ...mode,
        '--timeout=0.3',
        '-vconsole:off',
      ]);
      t.is(exitCode, 1);
      t.regex(stderr, /^ovn-k8s-gateway-helper: breth0 has no flows after 300 ms/);
      t.deepEqual(traces(host), []);
    }
    for (const db of [[], ['--db=unix:/nonexistent']]) {
      const helper = host.spawn(HELPER, [...PORTS, '--timeout=60', ...db]);
      await helper.says(/INFO/);
      t.is(await helper.stop('SIGTERM'), 0, helper.output);
      t.deepEqual(traces(host), []);
    }
    await host.startSwitch();
  },
);
