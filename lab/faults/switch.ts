import { bridgeAnswers } from '../host.js';
import { SmallDisk } from '../small_disk.js';
import { kill } from './daemons.js';
import type { Fault } from './fault.js';
import type { FaultStage } from './stage.js';

/** The time that ovs-vswitchd needs to start and forward again on a busy machine, in milliseconds. */
const START_MS = 3_000;
const AWAY_MS = 2_000;
/**
 * How long ovsdb-server stays away in its row, and how long ovs-vswitchd then takes to connect, in milliseconds: it waits 1,
 * 2, 4 and then 8 s between its attempts.
 */
const DATABASE_MS = 5_000;
const RECONNECT_MS = 9_000;
const DOWN = all(AWAY_MS + START_MS);
const STARTING = all(START_MS);
/** bridge_run() of ovs-vswitchd returns early without the database, and a datapath in userspace runs within it. */
const WAITS =
  "The kernel's datapath forwards as before. A datapath in userspace, as here, forwards again once ovs-vswitchd is connected to its database.";

/** Lets all classes be cut. */
function all(ms: number): NonNullable<Fault['mayCutMs']> {
  return { management: ms, established: ms, new: ms, 'node port': ms };
}

/** The disk that the gateway's database is on while it is full. */
const disks = new WeakMap<FaultStage, SmallDisk>();

/** Faults of the gateway's Open vSwitch. */
export const SWITCH_FAULTS: readonly Fault[] = [
  {
    name: 'ovs-vswitchd killed',
    subject: 'switch',
    what: `\`ovs-vswitchd\` of the gateway and its monitor are killed (SIGKILL), and start again after ${AWAY_MS / 1000} s.`,
    promise: 'Nothing is cut for longer than the switch is down and starts.',
    mayCutMs: DOWN,
    aborts: 1,
    lastsMs: AWAY_MS,
    inject: ({ gateway }) => kill(gateway, 'openvswitch/ovs-vswitchd.pid'),
    heal: async ({ gateway: { host } }) => {
      await host.startSwitch();
      await bridgeAnswers(host, 'breth0');
    },
  },
  {
    name: 'ovs-vswitchd aborts',
    subject: 'switch',
    what: '`ovs-vswitchd` of the gateway aborts, and its monitor starts it again at once.',
    promise: 'Nothing is cut for longer than the switch starts.',
    mayCutMs: STARTING,
    aborts: 1,
    lastsMs: 0,
    inject: ({ gateway }) => kill(gateway, 'openvswitch/ovs-vswitchd.pid', 'SIGABRT'),
    heal: ({ gateway: { host } }) => bridgeAnswers(host, 'breth0'),
  },
  {
    name: 'ovs-vswitchd restarted',
    subject: 'switch',
    what: '`ovs-vswitchd` of the gateway is stopped (SIGTERM) and started.',
    promise: 'Nothing is cut for longer than the switch starts.',
    mayCutMs: STARTING,
    aborts: 1,
    lastsMs: 0,
    inject: ({ gateway }) => kill(gateway, 'openvswitch/ovs-vswitchd.pid', 'SIGTERM'),
    heal: async ({ gateway: { host } }) => {
      await host.startSwitch();
      await bridgeAnswers(host, 'breth0');
    },
  },
  {
    name: 'ovsdb-server killed',
    subject: 'switch',
    what: '`ovsdb-server` of the gateway is killed (SIGKILL) and starts again after 5 s.',
    promise: WAITS,
    mayCutMs: all(DATABASE_MS + RECONNECT_MS),
    lastsMs: DATABASE_MS,
    inject: ({ gateway }) => kill(gateway, 'openvswitch/ovsdb-server.pid'),
    heal: ({ gateway: { host } }) => host.startDatabase(),
  },
  {
    name: 'ovsdb-server restarted',
    subject: 'switch',
    what: '`ovsdb-server` of the gateway is stopped (SIGTERM) and started.',
    promise: WAITS,
    mayCutMs: all(RECONNECT_MS),
    lastsMs: 0,
    inject: ({ gateway }) => kill(gateway, 'openvswitch/ovsdb-server.pid', 'SIGTERM'),
    heal: ({ gateway: { host } }) => host.startDatabase(),
  },
  {
    name: "switch's disk full",
    subject: 'switch',
    what: "The disk of the gateway's `ovsdb-server` is full for 15 s: no transaction is written, as with a disk that is read-only.",
    promise: `The switch forwards as before. For this row ovsdb-server starts again before and after. ${WAITS}`,
    mayCutMs: all(RECONNECT_MS),
    lastsMs: 15_000,
    inject: async (stage) => {
      const disk = await SmallDisk.under(stage.gateway.host);
      disks.set(stage, disk);
      await disk.fill(64);
    },
    heal: async (stage) => {
      disks.get(stage)?.free();
      await disks.get(stage)?.leave();
    },
  },
];
