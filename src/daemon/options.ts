import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { directories } from './directories.js';
import { parseVlogSpec, type VlogSetting } from './vlog_spec.js';

/** The values of the options that all of OVS's daemons have. Paths are absolute. */
export interface DaemonOptions {
  readonly pidfile: string | undefined;
  readonly overwritePidfile: boolean;
  readonly detach: boolean;
  readonly chdir: boolean;
  readonly monitor: boolean;
  readonly logFile: string | undefined;
  readonly verbose: readonly VlogSetting[];
  /** `none` for no control socket. */
  readonly unixctl: string | undefined;
}

/** Adds the options of ovs-vswitchd(8), "Daemon Options" and "Logging Options", to a command. */
export function addDaemonOptions(command: Command): Command {
  return command
    .option('--pidfile [file]', 'create pidfile (default: RUNDIR/PROGRAM.pid)')
    .option('--overwrite-pidfile', 'with --pidfile, start even if already running')
    .option('--detach', 'run in background as daemon')
    .option('--no-chdir', 'do not chdir to "/"')
    .option('--monitor', 'restart the daemon when it dies of a fault')
    .option('--log-file [file]', 'log to file (default: LOGDIR/PROGRAM.log)')
    .addOption(
      new Option('-v, --verbose [spec]', 'set logging levels: [MODULE][:FACILITY][:LEVEL]')
        .preset('')
        .argParser(collect),
    )
    .option('--unixctl <socket>', 'control socket, or none (default: RUNDIR/PROGRAM.PID.ctl)');
}

/** Collects the values of `-v`, which can be given several times. */
function collect(spec: string, before: readonly string[] | undefined): readonly string[] {
  return [...(Array.isArray(before) ? before : []), spec];
}

/** @throws UsageError for a SPEC that cannot be parsed */
export function readDaemonOptions(
  program: string,
  given: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
): DaemonOptions {
  const { run, log } = directories(env);
  // A relative path starts at the run directory; a log file's starts at the working directory (ovs-vswitchd(8)).
  const path = (value: unknown, base: string, byDefault: string) =>
    value === undefined || value === false
      ? undefined
      : resolve(base, typeof value === 'string' ? value : byDefault);
  const specs = Array.isArray(given.verbose) ? given.verbose.map(String) : [];
  return {
    pidfile: path(given.pidfile, run, `${program}.pid`),
    overwritePidfile: given.overwritePidfile === true,
    detach: given.detach === true,
    chdir: given.chdir !== false,
    monitor: given.monitor === true,
    logFile: path(given.logFile, '.', join(log, `${program}.log`)),
    verbose: specs.map(parseVlogSpec),
    unixctl: given.unixctl === 'none' ? 'none' : path(given.unixctl, run, ''),
  };
}
