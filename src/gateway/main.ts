// The gateway helper: keeps the flows of the bridge that the node's NIC and OVN share.
// sources/ follow the outside world. Each step (step.ts) makes a state of what they know (state_*), computes the flows
// for that state (desired_flows) and applies the difference (bridge_keeper, apply_*). report/ informs the operator.
import { setMaxListeners } from 'node:events';
import { askDaemon } from '../daemon/ask.js';
import { directories } from '../daemon/directories.js';
import { Loop } from '../daemon/loop.js';
import type { Daemon } from '../daemon/main.js';
import { Problems } from '../daemon/problems.js';
import { aborted } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { mostTracked } from '../host/conntrack.js';
import { systemClock } from '../neighbour/clock.js';
import { CHANNELS } from '../openflow/channels.js';
import { connect } from '../ovsdb/client.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import { datapathName } from '../switch/datapath.js';
import { Announcer } from './apply_announcements.js';
import { cleanUp } from './apply_cleanup.js';
import { ConnectionLimit } from './apply_connection_limit.js';
import { withdrawPatchPair } from './apply_patch_pair.js';
import { AddressProber } from './apply_probes.js';
import { ServedRow } from './apply_served_row.js';
import { SolicitedGroups } from './apply_solicited_groups.js';
import { AUDIT_MS, BridgeKeeper, RETRY } from './bridge_keeper.js';
import { lockBridge } from './bridge_lock.js';
import type { HelperOptions } from './options.js';
import { registerCommands } from './report/commands.js';
import { MONITORED_TABLES } from './sources/bridge.js';
import { makeSources } from './sources.js';
import { refuseWrongNames, withinTimeout } from './start.js';
import { JudgedExposure } from './state_judged_exposure.js';
import { gatewayWork } from './step.js';

/** How long ovs-vswitchd may take to answer about its limit, in milliseconds. */
const ASK_MS = 1_000;
/** More than there are sources; a leak has more. */
const MAX_LISTENERS = 32;

/**
 * Keeps the flows of `--physical-bridge` right until `daemon.signal` is aborted. The first bundle needs nothing from OVN
 * or the network.
 * @throws ProductError only before it is ready: another helper, no database, no such bridge or port, no switch
 */
export async function runHelper(daemon: Daemon, options: HelperOptions): Promise<void> {
  const lock = lockBridge(options.bridge, directories(process.env).run);
  try {
    await keepBridge(daemon, options);
  } finally {
    lock.release();
  }
}

async function keepBridge(daemon: Daemon, options: HelperOptions): Promise<void> {
  const { bridge, db: remotes, timeoutMs } = options;
  const log = daemon.log('gateway');
  const database = { remotes, tables: MONITORED_TABLES, timeoutMs, log: daemon.log('ovsdb') };
  const db = await connect(openVswitch, { ...database, signal: daemon.signal });
  const cleaning = new AbortController();
  const signal = AbortSignal.any([daemon.signal, cleaning.signal]);
  // Every source listens to it. Node warns of a leak above ten.
  setMaxListeners(MAX_LISTENERS, signal);

  const problems = new Problems(log);
  const loop = new Loop({ auditMs: AUDIT_MS, retry: RETRY, problems });
  daemon.watch(() => loop.stepMs);
  const channel = CHANNELS[options.channel]({ bridge, rundir: directories(process.env).run });
  const limit = new ConnectionLimit({
    ask: (command, ...args) =>
      askDaemon(
        { program: 'ovs-vswitchd', rundir: directories(process.env).run, timeoutMs: ASK_MS },
        command,
        [datapathName(db, bridge), ...args],
      ),
    // A datapath in userspace has a table of its own.
    mostOfHost: () => (datapathName(db, bridge).startsWith('netdev') ? undefined : mostTracked()),
    problems,
  });
  const keeper = new BridgeKeeper({ channel, log, problems, limit, changed: loop.ring });
  const sources = makeSources(options, { db, channel, keeper, problems, log, changed: loop.ring });
  const announcer = new Announcer({ problems, signal });
  const judged = new JudgedExposure(problems);
  const prober = new AddressProber({
    answered: (asked, conflicts) => judged.admission.answered(asked, conflicts, systemClock.now()),
    changed: loop.ring,
    problems,
    signal,
  });
  const servedRow = new ServedRow({ problems, changed: loop.ring });
  const solicitedGroups = new SolicitedGroups({ bridge, problems, signal });
  const parts = { sources, keeper, judged, prober, announcer, servedRow, solicitedGroups };
  const work = gatewayWork({ intent: options, db, ...parts, problems, clock: systemClock });
  refuseWrongNames(sources.bridge.facts, options);
  registerCommands(daemon, { channel, keeper, loop, sources, announcer, problems });

  const run = (...started: readonly Source[]) => {
    for (const source of started) void source.run(signal);
  };
  const { addresses, ovs, services, northbound, routers, neighbours, snatPorts, guard, hostPorts } = sources;
  run(addresses);
  await addresses.read();
  run(ovs, sources.bridge);
  const looping = loop.run(work, signal);
  daemon.onCleanup(async () => {
    // The loop must not put back the flows that cleaning up replaces.
    cleaning.abort();
    await looping;
    try {
      await withdrawPatchPair(db, bridge, timeoutMs);
    } finally {
      await cleanUp(channel);
    }
  });

  const isLate = () => [`${bridge} has no flows after ${timeoutMs} ms`, ...problems.current].join(': ');
  await Promise.race([withinTimeout(keeper.sync(), timeoutMs, isLate), aborted(signal)]);
  if (!signal.aborted) {
    daemon.ready();
    run(services, northbound, routers, guard, hostPorts, neighbours, snatPorts);
  }
  await looping;
  await aborted(daemon.signal);
  db.close();
}
