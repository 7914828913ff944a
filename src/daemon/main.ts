import { join } from 'node:path';
import type { Command } from 'commander';
import { explainError, ProductError, UsageError } from '../net/errors.js';
import { removeDeadSockets } from './dead_sockets.js';
import { directories } from './directories.js';
import type { Log } from './log.js';
import { watchMemory } from './memory_limit.js';
import { addDaemonOptions, type DaemonOptions, readDaemonOptions } from './options.js';
import { type Pidfile, writePidfile } from './pidfile.js';
import { ServiceManager } from './service_manager.js';
import { sleep } from './sleep.js';
import { currentStage, detach, EXIT_SOFTWARE, monitor, tellReady } from './supervise.js';
import { type CommandHandler, UnixctlServer } from './unixctl_server.js';
import { VERSION } from './version.js';
import { Vlog } from './vlog.js';
import { parseVlogSpec } from './vlog_spec.js';

/** Milliseconds between two starts that fail, under a service manager. */
const HOLD_MS = 10_000;

/** What a daemon's `main` receives. */
export interface Daemon {
  log(module: string): Log;
  register(name: string, usage: string, minArgs: number, maxArgs: number, handler: CommandHandler): void;
  /** Reports that the daemon works, which ends the wait of `--detach` and of the service manager. */
  ready(): void;
  /** Lets the service manager restart the daemon if its step does not end. @param stepMs the step's milliseconds so far */
  watch(stepMs: () => number): void;
  /** Aborted by SIGTERM, SIGINT and `exit`. */
  readonly signal: AbortSignal;
  /** Sets what `exit --cleanup` does before the daemon ends. */
  onCleanup(cleanup: () => Promise<void>): void;
}

/**
 * Adds the options of a daemon to `command`. The command detaches, monitors, locks the pidfile and opens the control
 * socket according to these options, then runs `main`. `main` returns once `signal` is aborted. A ProductError that
 * `main` throws before `ready` is printed for the operator. Any other error is logged with its stack and ends the
 * process with EXIT_SOFTWARE.
 */
export function daemonCommand(
  command: Command,
  main: (daemon: Daemon, options: Record<string, unknown>) => Promise<void>,
): Command {
  const program = command.name();
  return addDaemonOptions(command).action(async (given: Record<string, unknown>) => {
    const options = readDaemonOptions(program, given, process.env);
    const stage = currentStage(process.env);
    if (stage === 'start' && options.detach) {
      process.exitCode = await detach(options.monitor ? 'monitor' : 'daemon');
    } else if (stage !== 'daemon' && options.monitor) {
      const vlog = openVlog(options);
      process.exitCode = await monitor((message) => vlog.module('daemon_unix').err(message));
    } else {
      await runInThisProcess(program, options, given, main);
    }
  });
}

/** The daemon that is passed to `main` and to the common commands. */
class RunningDaemon implements Daemon {
  isReady = false;
  cleanup: () => Promise<void> = async () => undefined;
  private readonly stop = new AbortController();
  private pidfile: Pidfile | undefined;

  constructor(
    private readonly vlog: Vlog,
    private readonly unixctl: UnixctlServer,
    private readonly manager: ServiceManager,
    private readonly options: DaemonOptions,
  ) {}

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  log(module: string): Log {
    return this.vlog.module(module);
  }

  register(name: string, usage: string, minArgs: number, maxArgs: number, handler: CommandHandler): void {
    this.unixctl.register(name, usage, minArgs, maxArgs, handler);
  }

  ready(): void {
    if (this.isReady) return;
    const { pidfile, detach: isDetached } = this.options;
    if (this.pidfile === undefined && pidfile !== undefined)
      this.pidfile = writePidfile(pidfile, { overwrite: true });
    this.isReady = true;
    // From now on nobody reads the standard error of a detached daemon.
    if (isDetached) this.vlog.set({ module: undefined, facility: 'console', level: 'off' });
    tellReady();
    this.manager.ready();
  }

  watch(stepMs: () => number): void {
    this.manager.watch(stepMs);
  }

  onCleanup(cleanup: () => Promise<void>): void {
    this.cleanup = cleanup;
  }

  end(): void {
    if (this.stop.signal.aborted) return;
    this.manager.stopping();
    this.stop.abort();
  }

  /**
   * Writes the pidfile. With `--overwrite-pidfile` that of a running daemon is overwritten only once this one is ready,
   * since this one may be refused.
   * @throws ProductError as {@link writePidfile}
   */
  writePidfile(): void {
    const { pidfile, overwritePidfile } = this.options;
    if (pidfile === undefined) return;
    try {
      this.pidfile = writePidfile(pidfile, { overwrite: false });
    } catch (error) {
      const isHeld = error instanceof ProductError && error.code === 'ERR_ALREADY_RUNNING';
      if (!isHeld || !overwritePidfile) throw error;
    }
  }

  removePidfile(): void {
    this.pidfile?.remove();
  }
}

async function runInThisProcess(
  program: string,
  options: DaemonOptions,
  given: Record<string, unknown>,
  main: (daemon: Daemon, options: Record<string, unknown>) => Promise<void>,
): Promise<void> {
  const vlog = openVlog(options);
  const log = vlog.module('daemon');
  const socket = options.unixctl ?? join(directories(process.env).run, `${program}.${process.pid}.ctl`);
  const unixctl = new UnixctlServer(socket);
  const manager = new ServiceManager({ env: process.env, pid: process.pid, log });
  const daemon = new RunningDaemon(vlog, unixctl, manager, options);
  const memory = watchMemory((complaint) => {
    log.err(complaint);
    daemon.removePidfile();
    process.exit(EXIT_SOFTWARE);
  });
  daemon.writePidfile();
  registerCommands(unixctl, program, vlog, daemon);
  catchSignals(vlog, daemon);
  const fatal = (error: unknown) => {
    log.err(`unexpected error: ${error instanceof Error ? error.stack : String(error)}`);
    daemon.removePidfile();
    process.exit(EXIT_SOFTWARE);
  };
  process.once('uncaughtException', fatal);
  process.once('unhandledRejection', fatal);

  try {
    await removeDeadSockets(directories(process.env).run, program);
    if (socket !== 'none') await unixctl.listen();
    if (options.detach && options.chdir) process.chdir('/');
    log.info(`${program} ${VERSION}`);
    await main(daemon, given);
    log.info('exiting');
  } catch (error) {
    // The daemon is ending, so a failed request needs no report.
    if (daemon.signal.aborted && error instanceof ProductError) return log.info('exiting');
    if (daemon.isReady || !(error instanceof ProductError)) return fatal(error);
    if (options.logFile !== undefined) log.err(explainError(error));
    if (!(error instanceof UsageError)) await holdBack(manager, error, daemon.signal);
    throw error;
  } finally {
    // Everything that main opened closes at this signal.
    daemon.end();
    if (socket !== 'none') await unixctl.close();
    daemon.removePidfile();
    manager.close();
    memory.close();
    process.off('uncaughtException', fatal);
    process.off('unhandledRejection', fatal);
  }
}

/**
 * Waits before a daemon ends that could not start, if a service manager would start it again at once: it may take long
 * until somebody configures what is missing.
 */
async function holdBack(manager: ServiceManager, error: ProductError, signal: AbortSignal): Promise<void> {
  // At boot the NIC comes to its bridge after the helper's first start.
  if (!manager.isThere || error.code === 'ERR_NO_PORT') return;
  manager.status(`cannot start, tries again in ${HOLD_MS / 1_000} s: ${explainError(error)}`);
  await sleep(HOLD_MS, signal);
}

function openVlog(options: DaemonOptions): Vlog {
  // A closed pipe must not end a daemon.
  process.stderr.on('error', () => undefined);
  const vlog = new Vlog({ now: () => new Date(), console: (line) => process.stderr.write(line) });
  if (options.logFile !== undefined) vlog.openFile(options.logFile);
  for (const setting of options.verbose) vlog.set(setting);
  return vlog;
}

function registerCommands(unixctl: UnixctlServer, program: string, vlog: Vlog, daemon: RunningDaemon): void {
  unixctl.register('version', '', 0, 0, () => `${program} ${VERSION}`);
  unixctl.register('exit', '[--cleanup]', 0, 1, async ([option]) => {
    if (option !== undefined && option !== '--cleanup')
      throw new ProductError('ERR_ARGUMENTS', `exit: unknown argument ${option}`);
    if (option === '--cleanup') await daemon.cleanup();
    daemon.end();
    return '';
  });
  unixctl.register('vlog/list', '', 0, 0, () => vlog.list());
  unixctl.register('vlog/set', '{spec...}', 0, Number.MAX_SAFE_INTEGER, (specs) => {
    // Without a SPEC every module logs at every level (ovs-appctl(8)).
    const settings = (specs.length === 0 ? [''] : specs).map(parseVlogSpec);
    const unknown = settings.find(({ module }) => module !== undefined && !vlog.knows(module));
    if (unknown !== undefined)
      throw new ProductError('ERR_ARGUMENTS', `no destination, level, or module "${unknown.module}"`);
    for (const setting of settings) vlog.set(setting);
    return '';
  });
  unixctl.register('vlog/reopen', '', 0, 0, () => {
    vlog.reopen();
    return '';
  });
}

function catchSignals(vlog: Vlog, daemon: RunningDaemon): void {
  process.on('SIGTERM', () => daemon.end());
  process.on('SIGINT', () => daemon.end());
  process.on('SIGHUP', () => {
    try {
      vlog.reopen();
    } catch {
      // Without a log file there is nothing to reopen; if reopening fails, the old file stays open.
    }
  });
}
