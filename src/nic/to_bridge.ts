// The move of a NIC to an Open vSwitch bridge and back, with its addresses, routes, policy rules and neighbours.
// to_bridge.ts and to_nic.ts make a plan, plan.ts runs and undoes it; the …_step.ts files are its steps; batch.ts and lines.ts
// compute the commands of `ip`, and journal.ts lets a command that was killed be completed or given up.
import { acceptRaSysctl } from '../host/advertisements.js';
import { hasDevice } from '../host/device.js';
import { guardScript, movingGuardScript, removeGuard, setGuard, setMovingGuard } from '../host/guard.js';
import { hasKernelDatapath } from '../host/kernel_datapath.js';
import { readSnapshot } from '../host/read_snapshot.js';
import type { Snapshot } from '../host/snapshot.js';
import { readSysctl } from '../host/sysctls.js';
import { bestDatapath, type DatapathType } from '../switch/bridges.js';
import { awaitSwitch } from '../switch/commit.js';
import type { LocalDatabase } from '../switch/connection.js';
import { attach, detach } from '../switch/nic_port.js';
import { bridgeOf } from '../switch/ports.js';
import { addAcceptance, addAdvertisedEnd, addAdvertisedStart } from './advertised_step.js';
import { isEmpty, type Move, merged, moveBatches } from './batch.js';
import { addBridge } from './bridge_step.js';
import { addDhcp, addDhcpcdEnd } from './dhcp_step.js';
import { refuseEqualRoutes } from './equal_routes.js';
import { outlastFullDisk, UNDO_PATIENCE_MS } from './full_disk.js';
import { addGatewayBaseline, addGatewayCheck } from './gateway_steps.js';
import { Journal } from './journal.js';
import { leftovers } from './leftovers.js';
import { refuseLockedMetrics } from './locked_metrics.js';
import { addAdditions, addJournal, addJournalEnd, addMove } from './move_step.js';
import { addLetGo } from './networkmanager_step.js';
import { emptyOn } from './on_device.js';
import type { PersistChoice } from './persist/manager.js';
import { addBackup, addPersist, type PersistPlace, readPersistence } from './persist/persist_steps.js';
import { Plan } from './plan.js';
import { addPrepare } from './prepare_step.js';
import { datapathOf, refuseBridge, refuseDatapath, refuseNic } from './refusals.js';

export interface MoveOptions {
  readonly rundir: string;
  readonly timeoutMs: number;
  readonly datapath: DatapathType | undefined;
  readonly restartDhcp: boolean;
  /** The network manager whose files are written when a NIC moves to a bridge. */
  readonly persist: PersistChoice;
  readonly place: PersistPlace;
}

/**
 * Returns the plan that moves `nic`, with everything it has, to bridge `brNIC`. Only reads; the plan's steps change.
 * @throws ProductError with the reason if the NIC cannot be moved
 */
export async function planToBridge(db: LocalDatabase, nic: string, options: MoveOptions): Promise<Plan> {
  const bridge = `br${nic}`;
  const { timeoutMs, rundir } = options;
  const journal = new Journal({ rundir, stateDir: options.place.stateDir }, nic);
  const now = await readSnapshot(nic);
  refuseNic(db, now, bridge);
  await refuseLockedMetrics(now);
  await refuseEqualRoutes(now, bridge);
  const isThere = hasDevice(bridge);
  refuseBridge(db, bridge, isThere, options.datapath);
  const kernelHasIt = await hasKernelDatapath();
  const datapath = datapathOf(db, bridge) ?? options.datapath ?? bestDatapath(db, kernelHasIt);
  if (!isThere) refuseDatapath(bridge, datapath, kernelHasIt);

  const plan = new Plan();
  const persistence = await readPersistence(
    plan,
    { nic, bridge, mac: now.link.address ?? '', datapath },
    options.persist,
    options.place,
  );
  addSwitchStep(plan, timeoutMs, () => awaitSwitch(db, timeoutMs));
  if (persistence !== undefined) addBackup(plan, persistence);
  const before = journal.read();
  const wanted = before === undefined ? now : merged(before, now);
  const there = isThere ? await readSnapshot(bridge) : emptyOn(now, bridge);
  const isAttached = bridgeOf(db, nic) !== undefined;
  const move: Move = { wanted, from: now, to: there };
  const isDone =
    isAttached &&
    before === undefined &&
    isEmpty(moveBatches(move)) &&
    now.advertised?.length === 0 &&
    isAccepting(nic, bridge);
  if (!isDone) plan.takesBack = { bridge, snapshot: wanted };
  const baseline = isDone ? undefined : addGatewayBaseline(plan, wanted, nic);
  if (!isDone) addJournal(plan, wanted, journal, { isInterrupted: before !== undefined });
  if (!isDone) await addLetGo(plan, { from: nic, to: bridge, isTakenUp: persistence !== undefined });
  addBridge(plan, db, now, { bridge, datapath, timeoutMs });
  if (!isDone) addPrepare(plan, db, now, bridge, { isThere, timeoutMs });
  if (!isDone && datapath === 'netdev') {
    plan.add({
      name: `stop the kernel from receiving on ${bridge} what it receives on ${nic}`,
      details: movingGuardScript(nic, bridge).trimEnd().split('\n'),
      run: () => setMovingGuard(nic, bridge),
      undo: () => removeGuard(nic),
    });
  }
  const rest: Move = { ...move, to: withoutOwnAddresses(there) };
  // Before the NIC is attached: from then on the kernel's datapath delivers on the bridge.
  if (!isDone) addAdditions(plan, rest, journal);
  plan.add({
    name: `attach ${nic} to ${bridge}`,
    details: [],
    run: () => outlastFullDisk(timeoutMs, () => attach(db, bridge, nic, timeoutMs)),
    undo: async () => {
      if (!isAttached) await outlastFullDisk(UNDO_PATIENCE_MS, () => detach(db, nic, timeoutMs));
    },
  });
  const dhcp = {
    restartDhcp: options.restartDhcp || persistence !== undefined,
    handedOver: persistence?.manager.renews,
  };
  addDhcpcdEnd(plan, now, bridge, dhcp);
  const advertised = isDone ? undefined : addAdvertisedStart(plan, now, bridge);
  if (!isDone) addMove(plan, rest, journal);
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
  if (advertised !== undefined) {
    addAdvertisedEnd(plan, advertised);
    addAcceptance(plan, now, bridge);
  }
  if (baseline !== undefined) addGatewayCheck(plan, baseline, bridge, { timeoutMs, canEcho: true });
  if (!isDone) addJournalEnd(plan, wanted, journal);
  addDhcp(plan, now, bridge, dhcp);
  if (persistence !== undefined) {
    addPersist(plan, persistence);
    if (baseline !== undefined) addGatewayCheck(plan, baseline, bridge, { timeoutMs, canEcho: true });
  }
  for (const note of await leftovers(nic, bridge)) plan.note(note);
  return plan;
}

/** Returns whether an earlier move was not interrupted before the bridge accepted router advertisements as the NIC does. */
function isAccepting(nic: string, bridge: string): boolean {
  const [own, other] = [bridge, nic].map((device) => readSysctl(acceptRaSysctl(device)) ?? '0');
  // NetworkManager reads advertisements itself on the bridge, and brings up the NIC without IPv6.
  const isWithout6 = readSysctl(`net/ipv6/conf/${nic}/disable_ipv6`) === '1';
  return own !== '0' || other === '0' || isWithout6;
}

/** Adds the step that fails if ovs-vswitchd does not answer, before anything changes. */
export function addSwitchStep(plan: Plan, timeoutMs: number, answer: () => Promise<void>): void {
  plan.add({
    name: 'check that ovs-vswitchd answers',
    details: [],
    run: () => outlastFullDisk(timeoutMs, answer),
  });
}

/** Returns the bridge's snapshot as it is after the step that prepares it. */
function withoutOwnAddresses({ link, ...rest }: Snapshot): Snapshot {
  return { ...rest, link: { ...link, ...(link.inet6_addr_gen_mode && { inet6_addr_gen_mode: 'none' }) } };
}
