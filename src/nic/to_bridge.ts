// The move of a NIC to an Open vSwitch bridge and back, with its addresses, routes, policy rules and neighbours.
// to_bridge.ts and to_nic.ts make a plan, plan.ts runs and undoes it; the …_step.ts files are its steps; batch.ts and lines.ts
// compute the commands of `ip`, and journal.ts lets a command that was killed be completed or given up.
import { existsSync } from 'node:fs';
import { guardScript, movingGuardScript, removeGuard, setGuard, setMovingGuard } from '../host/guard.js';
import { readSnapshot } from '../host/read_snapshot.js';
import type { Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';
import {
  awaitNoBridge,
  type BridgeSettings,
  bestDatapath,
  createBridge,
  type DatapathType,
  deleteBridge,
  findBridge,
  settingsOf,
  setUpBridge,
} from '../switch/bridges.js';
import { awaitSwitch } from '../switch/commit.js';
import type { LocalDatabase } from '../switch/connection.js';
import { attach, detach } from '../switch/nic_port.js';
import { bridgeOf } from '../switch/ports.js';
import { isEmpty, type Move, merged, moveBatches } from './batch.js';
import { addDhcp } from './dhcp_step.js';
import { outlastFullDisk, UNDO_PATIENCE_MS } from './full_disk.js';
import { addGatewayBaseline, addGatewayCheck } from './gateway_steps.js';
import { Journal } from './journal.js';
import { leftovers } from './leftovers.js';
import { refuseLockedMetrics } from './locked_metrics.js';
import { addMove } from './move_step.js';
import { emptyOn } from './on_device.js';
import { Plan } from './plan.js';
import { addPrepare } from './prepare_step.js';

export interface MoveOptions {
  readonly rundir: string;
  readonly timeoutMs: number;
  readonly datapath: DatapathType | undefined;
  readonly restartDhcp: boolean;
}

/** The kernel's limit for interface names (IFNAMSIZ less one). */
const MAX_NAME = 15;

/**
 * Returns the plan that moves `nic`, with everything it has, to bridge `brNIC`. Only reads; the plan's steps change.
 * @throws ProductError with the reason if the NIC cannot be moved
 */
export async function planToBridge(db: LocalDatabase, nic: string, options: MoveOptions): Promise<Plan> {
  const bridge = `br${nic}`;
  const { timeoutMs, rundir } = options;
  const journal = new Journal(rundir, nic);
  const now = await readSnapshot(nic);
  refuse(db, now, bridge);
  await refuseLockedMetrics(now);
  const isThere = existsSync(`/sys/class/net/${bridge}`);
  refuseBridge(db, bridge, isThere, options.datapath);
  const datapath = datapathOf(db, bridge) ?? options.datapath ?? bestDatapath(db);

  const plan = new Plan();
  addSwitchStep(plan, db, timeoutMs);
  const before = journal.read();
  const wanted = before === undefined ? now : merged(before, now);
  const there = isThere ? await readSnapshot(bridge) : emptyOn(now, bridge);
  const isAttached = bridgeOf(db, nic) !== undefined;
  const move: Move = { wanted, from: now, to: there };
  const isDone = isAttached && before === undefined && isEmpty(moveBatches(move));
  const baseline = isDone ? undefined : addGatewayBaseline(plan, wanted, nic);
  addBridge(plan, db, bridge, settingsFor(bridge, now), datapath, timeoutMs);
  if (!isDone) addPrepare(plan, now, bridge, { isThere, timeoutMs });
  if (!isDone && datapath === 'netdev') {
    plan.add({
      name: `stop the kernel from receiving on ${bridge} what it receives on ${nic}`,
      details: movingGuardScript(nic, bridge).trimEnd().split('\n'),
      run: () => setMovingGuard(nic, bridge),
      undo: () => removeGuard(nic),
    });
  }
  plan.add({
    name: `attach ${nic} to ${bridge}`,
    details: [],
    run: () => outlastFullDisk(timeoutMs, () => attach(db, bridge, nic, timeoutMs)),
    undo: async () => {
      if (!isAttached) await outlastFullDisk(UNDO_PATIENCE_MS, () => detach(db, nic, timeoutMs));
    },
  });
  if (!isDone) addMove(plan, { ...move, to: withoutOwnAddresses(there) }, journal);
  // Not earlier: until the addresses have moved, the kernel must receive on the NIC.
  if (datapath === 'netdev') {
    plan.add({
      name: `stop the kernel from answering what ${bridge} answers`,
      details: guardScript(nic).trimEnd().split('\n'),
      run: () => setGuard(nic),
      // If nothing was left to move, this guard was there before.
      undo: async () => {
        if (!isDone) await setMovingGuard(nic, bridge);
      },
    });
  }
  if (baseline !== undefined) addGatewayCheck(plan, baseline, bridge, { timeoutMs, canEcho: true });
  addDhcp(plan, now, bridge, options);
  for (const note of await leftovers(nic)) plan.note(note);
  return plan;
}

/** Adds the step that fails if ovs-vswitchd does not answer, before anything changes. */
export function addSwitchStep(plan: Plan, db: LocalDatabase, timeoutMs: number): void {
  plan.add({
    name: 'check that ovs-vswitchd answers',
    details: [],
    run: () => outlastFullDisk(timeoutMs, () => awaitSwitch(db, timeoutMs)),
  });
}

function settingsFor(bridge: string, { link }: Snapshot): BridgeSettings {
  return { failMode: 'standalone', hwaddr: link.address, bridgeId: bridge, mtu: link.mtu };
}

function datapathOf(db: LocalDatabase, bridge: string): DatapathType | undefined {
  const row = findBridge(db, bridge);
  if (row === undefined) return undefined;
  return row.datapath_type === 'netdev' ? 'netdev' : 'system';
}

/** Adds the step that creates the bridge, or corrects an existing one; none if the bridge is right. */
function addBridge(
  plan: Plan,
  db: LocalDatabase,
  bridge: string,
  wanted: BridgeSettings,
  datapath: DatapathType,
  timeoutMs: number,
): void {
  const row = findBridge(db, bridge);
  const details = [
    `datapath ${datapath}, fail-mode ${wanted.failMode}, MAC ${wanted.hwaddr}, MTU ${wanted.mtu}`,
  ];
  if (row === undefined) {
    plan.add({
      name: `make bridge ${bridge}`,
      details,
      run: () =>
        outlastFullDisk(timeoutMs, async () => {
          // The bridge is there if the try before this one wrote it and then met the full disk.
          if (findBridge(db, bridge) === undefined)
            await createBridge(db, bridge, wanted, datapath, timeoutMs);
          else await setUpBridge(db, bridge, wanted, timeoutMs);
        }),
      undo: async () => {
        // Without a bridge there is nothing to undo, and no need to write.
        if (findBridge(db, bridge) === undefined && !existsSync(`/sys/class/net/${bridge}`)) return;
        await outlastFullDisk(UNDO_PATIENCE_MS, async () => {
          await deleteBridge(db, bridge, timeoutMs);
          await awaitNoBridge(db, bridge, timeoutMs);
        });
      },
    });
    return;
  }
  const now = settingsOf(db, row);
  if (JSON.stringify(now) === JSON.stringify(wanted)) return;
  plan.add({
    name: `set up bridge ${bridge}`,
    details,
    run: () => outlastFullDisk(timeoutMs, () => setUpBridge(db, bridge, wanted, timeoutMs)),
    undo: () => outlastFullDisk(UNDO_PATIENCE_MS, () => setUpBridge(db, bridge, now, timeoutMs)),
  });
}

/** Returns the bridge's snapshot as it is after the step that prepares it. */
function withoutOwnAddresses({ link, ...rest }: Snapshot): Snapshot {
  return { ...rest, link: { ...link, ...(link.inet6_addr_gen_mode && { inet6_addr_gen_mode: 'none' }) } };
}

function refuse(db: LocalDatabase, { device: nic, link }: Snapshot, bridge: string): void {
  const owner = bridgeOf(db, nic);
  const no = (why: string) => new ProductError('ERR_CANNOT_MOVE', `${nic}: ${why}`);
  if (bridge.length > MAX_NAME)
    throw no(
      `the name of its bridge, ${bridge}, has more than ${MAX_NAME} characters; rename the interface first`,
    );
  if (link.flags.includes('LOOPBACK')) throw no('the loopback interface cannot be on a bridge');
  if (link.link_type !== 'ether') throw no('is not an Ethernet device, and only those can be on a bridge');
  if (findBridge(db, nic) !== undefined) throw no('is a bridge itself; name the NIC');
  if (owner !== undefined && owner.name !== bridge)
    throw no(`is on bridge ${owner.name} already; take it off with bridge-to-nics ${owner.name}`);
  if (link.master !== undefined && link.master !== 'ovs-system')
    throw no(`is enslaved to ${link.master}; put ${link.master} on the bridge instead`);
}

function refuseBridge(
  db: LocalDatabase,
  bridge: string,
  isThere: boolean,
  wanted: DatapathType | undefined,
): void {
  const has = datapathOf(db, bridge);
  if (has === undefined && isThere) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `device ${bridge} exists and is not an Open vSwitch bridge; rename or delete it first`,
    );
  }
  if (has !== undefined && wanted !== undefined && wanted !== has) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `bridge ${bridge} has datapath ${has}, not ${wanted}; run bridge-to-nics ${bridge} first`,
    );
  }
}
