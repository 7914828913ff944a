import test from 'ava';
import { Command } from 'commander';
import { execa } from 'execa';
import { executable } from '../../lab/project.js';
import { addDaemonOptions, readDaemonOptions } from '../../src/daemon/options.js';
import { readMilliseconds } from '../../src/daemon/timeout.js';
import { VERSION } from '../../src/daemon/version.js';
import { UsageError } from '../../src/net/errors.js';

const env = { OVS_RUNDIR: '/run/ovs', OVS_LOGDIR: '/log/ovs' };

function read(args: readonly string[], environment: NodeJS.ProcessEnv = env) {
  const command = addDaemonOptions(new Command('prog')).exitOverride();
  command.parse(args, { from: 'user' });
  return readDaemonOptions('prog', command.opts(), environment);
}

test('without options a daemon stays in the foreground and writes no files', (t) => {
  t.deepEqual(read([]), {
    pidfile: undefined,
    overwritePidfile: false,
    detach: false,
    chdir: true,
    monitor: false,
    logFile: undefined,
    verbose: [],
    unixctl: undefined,
  });
});

test('files without a name are in the directories of OVS, as the environment names them', (t) => {
  t.like(read(['--pidfile', '--log-file', '--detach']), {
    pidfile: '/run/ovs/prog.pid',
    logFile: '/log/ovs/prog.log',
    detach: true,
  });
  t.like(read(['--pidfile', '--log-file'], {}), {
    pidfile: '/var/run/openvswitch/prog.pid',
    logFile: '/var/log/openvswitch/prog.log',
  });
  t.like(read(['--pidfile=/x/y.pid', '--log-file=/x/y.log', '--unixctl=/x/y.ctl', '--no-chdir']), {
    pidfile: '/x/y.pid',
    logFile: '/x/y.log',
    unixctl: '/x/y.ctl',
    chdir: false,
  });
});

test('a relative path starts at the run directory, that of a log file at the working directory', (t) => {
  t.is(read(['--pidfile=y.pid']).pidfile, '/run/ovs/y.pid');
  t.is(read(['--unixctl=y.ctl']).unixctl, '/run/ovs/y.ctl');
  t.is(read(['--unixctl=none']).unixctl, 'none');
  t.is(read(['--log-file=y.log']).logFile, `${process.cwd()}/y.log`);
});

test('-v can be given several times, with or without a space, short or long', (t) => {
  t.deepEqual(read(['-vconsole:emer', '--verbose=file:info', '-v', 'gateway:dbg']).verbose, [
    { module: undefined, facility: 'console', level: 'emer' },
    { module: undefined, facility: 'file', level: 'info' },
    { module: 'gateway', facility: undefined, level: 'dbg' },
  ]);
  const everything = { module: undefined, facility: undefined, level: 'dbg' };
  t.deepEqual(read(['-v']).verbose, [everything]);
  t.deepEqual(read(['-v', '-vfile:off', '--verbose']).verbose, [
    everything,
    { module: undefined, facility: 'file', level: 'off' },
    everything,
  ]);
  t.throws(() => read(['-vgateway:loud']), { instanceOf: UsageError, message: /"gateway:loud" .*"loud"/ });
});

test('--timeout is in seconds', (t) => {
  t.is(readMilliseconds('0.5'), 500);
  for (const wrong of ['', '0', '-1', 'x', '1e9', 'Infinity']) {
    t.throws(() => readMilliseconds(wrong), { instanceOf: UsageError });
  }
});

const HELPER = 'ovn-k8s-gateway-helper';
const run = (program: string, ...args: readonly string[]) =>
  execa(process.execPath, [executable(program), ...args], { reject: false, stdin: 'ignore' });
const required = ['--physical-bridge=breth0', '--physical-interface=eth0'];

for (const program of [HELPER, 'ovn-k8s-util']) {
  test(`${program} -h and -V print to standard output and exit with 0`, async (t) => {
    for (const flag of ['-V', '--version']) {
      t.like(await run(program, flag), { exitCode: 0, stdout: `${program} ${VERSION}`, stderr: '' });
    }
    for (const flag of ['-h', '--help']) {
      const { exitCode, stdout, stderr } = await run(program, flag);
      t.is(exitCode, 0);
      t.true(stdout.startsWith(`Usage: ${program}`));
      t.is(stderr, '');
    }
  });
}

/** For mistakes that are found after the daemon has begun to log. */
const quiet = '-vconsole:off';

const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /required option '--physical-bridge <bridge>' not specified/],
  [[...required, '--nonsense'], /unknown option '--nonsense'/],
  [[...required, '-vgateway:loud'], /"gateway:loud" is not \[MODULE\]\[:FACILITY\]\[:LEVEL\]/],
  [[...required, '--demux=luck'], /Allowed choices are conntrack, port-range/],
  [[...required, quiet, '--timeout=x'], /--timeout=x: give a number of seconds/],
  [[...required, quiet, '--db=nonsense'], /"nonsense" is not a database/],
  [[...required, quiet, '--detach', '--db=nonsense'], /"nonsense" is not a database/],
  [[...required, 'breth0'], /too many arguments/],
];
for (const [args, message] of wrong) {
  test(`a wrong command line causes one line on standard error and exit code 2: ${args.join(' ')}`, async (t) => {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [executable(HELPER), ...args], {
      reject: false,
      env: { OVS_RUNDIR: '/tmp' },
    });
    t.regex(stderr, message);
    t.true(stderr.startsWith(`${HELPER}: `), stderr);
    t.is(stderr.split('\n').length, 1);
    t.is(stdout, '');
    t.is(exitCode, 2);
  });
}
