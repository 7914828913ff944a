// `ovn-k8s-util restart-switch`: restarts ovs-vswitchd under traffic. A switch that starts has no flows yet, and NORMAL
// would send what is for pods to the host, whose kernel resets the pods' connections. So the switch is told to wait until
// it has its flows (`flow-restore-wait`). `dead_man.ts` ends that wait if this process does not.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { askDaemon } from '../daemon/ask.js';
import { withCancellation } from '../daemon/cancellation.js';
import type { Directories } from '../daemon/directories.js';
import { readPid } from '../daemon/pidfile.js';
import { lockProgram } from '../daemon/program_lock.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import { aborted, sleep } from '../daemon/sleep.js';
import { ProductError, UsageError } from '../net/errors.js';
import { type CookieRange, OUR_COOKIES } from '../openflow/cookie.js';
import { findBridge } from '../switch/bridges.js';
import { awaitSwitch } from '../switch/commit.js';
import { connectLocalDatabase, type LocalDatabase } from '../switch/connection.js';
import { NODE_NAME, readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { FLOW_RESTORE_WAIT, isRestoreWaitSet, setRestoreWait } from '../switch/restore_wait.js';
import { startDeadMan } from './dead_man.js';
import { countFlows, FlowCounts } from './flow_count.js';

export interface RestartOptions {
  /** What restarts ovs-vswitchd; `undefined`: systemd. */
  readonly command: string | undefined;
  readonly db: string;
  readonly timeoutMs: number;
  readonly directories: Directories;
  readonly print: (line: string) => void;
}

/**
 * The unit's name on Debian and Fedora. Without `ignore-requirements`, systemd restarts what requires it too, and with
 * that ovsdb-server.
 */
const SYSTEMD = 'systemctl restart --job-mode=ignore-requirements ovs-vswitchd.service';
/** Milliseconds after which the switch no longer waits for its flows, whatever happens. */
const DEAD_MAN_MS = 10_000;
/** Milliseconds between two looks at the switch. */
const LOOK_MS = 10;
/** How many equal counts in a row mean that OVN sends no more flows. It sends all at once. */
const STEADY = 5;
const SWITCH = 'ovs-vswitchd';

/**
 * Restarts ovs-vswitchd, and lets it forward packets once the helper's flows are in place, and those of ovn-controller
 * too where the kernel forwards meanwhile.
 * @throws ProductError with the switch forwarding again, or with the dead man about to make it
 */
export async function restartSwitch(options: RestartOptions): Promise<void> {
  const { db: remote, timeoutMs, directories } = options;
  const command = options.command ?? systemdCommand();
  const lock = lockProgram(
    join(directories.run, 'ovn-k8s-util.restart-switch.lock'),
    (pid) => new ProductError('ERR_BUSY', `another restart-switch is under way, pid ${pid}`),
  );
  try {
    const db = await connectLocalDatabase(remote, timeoutMs);
    try {
      await withCancellation((signal) => restart(db, { ...options, command }, signal));
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

/** @throws UsageError without systemd */
function systemdCommand(): string {
  if (!existsSync('/run/systemd/system'))
    throw new UsageError('systemd does not run here: give --command=COMMAND, which restarts ovs-vswitchd');
  return SYSTEMD;
}

type Restart = RestartOptions & { readonly command: string };

async function restart(db: LocalDatabase, options: Restart, signal: AbortSignal): Promise<void> {
  const { db: remote, timeoutMs, directories, print } = options;
  const { run } = directories;
  if (isRestoreWaitSet(db))
    throw new ProductError(
      'ERR_BUSY',
      `other_config:${FLOW_RESTORE_WAIT} is set: another restart is under way. If none is, run ovs-vsctl remove Open_vSwitch . other_config ${FLOW_RESTORE_WAIT}`,
    );
  const gateways = db.filter('Bridge', ({ external_ids }) => external_ids.has(NODE_NAME));
  // Nobody else would give a gateway's bridge its flows again.
  if (gateways.length > 0) await askDaemon({ program: GATEWAY_HELPER, rundir: run, timeoutMs }, 'version');
  const integration = integrationBridge(readSystemIds(db));
  const ofHelper = await Promise.all(gateways.map(({ name }) => awaitedFlows(run, name, OUR_COOKIES)));
  const ofOvn = findBridge(db, integration) === undefined ? [] : [await awaitedFlows(run, integration)];
  // The kernel goes on by the flows that it has, so pods lose nothing while OVN's flows come. A switch in userspace
  // forwards nothing while it waits, so it waits for the host's flows only.
  const doesKernelForward =
    db.find('Bridge', ({ datapath_type }) => datapath_type !== 'netdev') !== undefined;
  const began = performance.now();
  const after = () => `${Math.round(performance.now() - began)} ms`;
  const wholeAgain = async (all: readonly AwaitedFlows[]) => {
    for (const awaited of all) {
      await flowsAgain(run, awaited, timeoutMs, signal);
      print(`${awaited.bridge}: flows again after ${after()}`);
    }
  };
  const deadMan = await startDeadMan(remote, DEAD_MAN_MS);
  const endWait = async () => {
    await setRestoreWait(db, false, timeoutMs);
    deadMan.callOff();
  };
  let ended: Promise<void> = Promise.resolve();
  try {
    await setRestoreWait(db, true, timeoutMs);
    const pid = readPid(join(run, `${SWITCH}.pid`));
    ended = runRestart(options.command);
    await withEnd(signal, (either) =>
      Promise.race([ended, anotherSwitch(run, pid, either), refusal(either)]),
    );
    print(`${SWITCH}: started after ${after()}`);
    await wholeAgain(ofHelper);
    if (doesKernelForward) await wholeAgain(ofOvn);
  } catch (error) {
    // If this fails, the dead man does it. The command goes on to its end: a switch that is stopped must start again.
    await endWait().catch(() => undefined);
    await ended.catch(() => undefined);
    throw error;
  }
  await endWait();
  await awaitSwitch(db, timeoutMs);
  print(`${SWITCH}: forwards packets after ${after()}`);
  await ended;
  if (!doesKernelForward) await wholeAgain(ofOvn);
}

/**
 * Runs the command that restarts the switch, in a session of its own: Ctrl-C must not end it half-way. What it prints on
 * standard error goes to the operator.
 */
async function runRestart(command: string): Promise<void> {
  // No pipe: a daemon that the command starts could keep it open.
  const { failed, exitCode, signal } = await execa('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
    cleanup: false,
    reject: false,
  });
  if (failed)
    throw new ProductError(
      'ERR_SWITCH_RESTART',
      `${command}: ${exitCode === undefined ? `ended by ${signal ?? 'a failure'}` : `exit code ${exitCode}`}; see ${SWITCH}.log`,
    );
}

/** Waits until the pidfile names another ovs-vswitchd. */
async function anotherSwitch(run: string, former: number | undefined, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(LOOK_MS, signal);
    const pid = readPid(join(run, `${SWITCH}.pid`));
    if (pid !== undefined && pid !== former) return;
  }
  throw cancelled(signal);
}

/** Flows that a bridge had before the restart. */
interface AwaitedFlows {
  readonly bridge: string;
  /** The helper's; `undefined`: all, which are OVN's. */
  readonly cookies: CookieRange | undefined;
  readonly count: number;
}

async function awaitedFlows(run: string, bridge: string, cookies?: CookieRange): Promise<AwaitedFlows> {
  return { bridge, cookies, count: await countFlows(run, bridge, cookies) };
}

/** Waits until a bridge has its flows again. @throws ProductError `ERR_SWITCH_RESTART` */
async function flowsAgain(
  run: string,
  { bridge, cookies, count }: AwaitedFlows,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  // The helper's come in one bundle.
  const counts = new FlowCounts(count, cookies === undefined ? STEADY : 1);
  let last = 0;
  while (performance.now() < end) {
    if (signal.aborted) throw cancelled(signal);
    last = await countFlows(run, bridge, cookies).catch(() => 0);
    if (counts.take(last)) return;
    await sleep(LOOK_MS, signal);
  }
  throw new ProductError(
    'ERR_SWITCH_RESTART',
    `${bridge} has ${last} flows after ${timeoutMs} ms, and had ${count}; see the helper's status and ovn-controller.log`,
  );
}

/** Runs `race` with a signal that is aborted when `signal` is, or when the race is over: the losers end then. */
async function withEnd(signal: AbortSignal, race: (either: AbortSignal) => Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) throw cancelled(signal);
    await race(over.signal);
  } finally {
    signal.removeEventListener('abort', end);
    over.abort();
  }
}

/** Rejects once `signal` is aborted. */
async function refusal(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw cancelled(signal);
}

function cancelled(signal: AbortSignal): ProductError {
  return new ProductError(
    'ERR_SWITCH_RESTART',
    `cancelled by ${signal.reason}: ${SWITCH} no longer waits for its flows`,
  );
}
