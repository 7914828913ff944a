import test from 'ava';
import { Command } from 'commander';
import { addDaemonOptions, readDaemonOptions } from '../../src/daemon/options.js';
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

test('a relative path starts at the run directory; a relative log file starts at the working directory', (t) => {
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
