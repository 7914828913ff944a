import { hasDevice } from '../host/device.js';
import {
  guardScript,
  removeGuard,
  returningGuardScript,
  setGuard,
  setReturningGuard,
} from '../host/guard.js';
import { runIp } from '../host/iproute_write.js';
import { readSnapshot } from '../host/read_snapshot.js';
import { ProductError } from '../net/errors.js';
import { parseInterfaceName } from '../net/interface_name.js';
import { awaitNoBridge, deleteBridge, findBridge, nicsOf, otherPortsOf } from '../switch/bridges.js';
import { awaitAnswer, awaitSwitch } from '../switch/commit.js';
import type { LocalDatabase } from '../switch/connection.js';
import { BRIDGE_ID, NODE_NAME } from '../switch/external_ids.js';
import { addAdvertisedEnd, addAdvertisedStart, solicit } from './advertised_step.js';
import { merged } from './batch.js';
import { addDhcp, addDhcpcdEnd } from './dhcp_step.js';
import { refuseEqualRoutes } from './equal_routes.js';
import { outlastFullDisk } from './full_disk.js';
import { addGatewayBaseline, addGatewayCheck } from './gateway_steps.js';
import { Journal } from './journal.js';
import { leftovers } from './leftovers.js';
import { refuseLockedMetrics } from './locked_metrics.js';
import { addAdditions, addJournal, addJournalEnd, addMove } from './move_step.js';
import { addLetGo } from './networkmanager_step.js';
import { addGiveBack, addKeep, readRecorded } from './persist/persist_steps.js';
import { Plan } from './plan.js';
import { addSwitchStep, type MoveOptions } from './to_bridge.js';

export interface ToNicOptions extends MoveOptions {
  /**
   * Moves back although the bridge is that of a gateway, or a default gateway that answers on the bridge does not answer
   * on the NIC.
   */
  readonly isForced?: boolean;
}

/**
 * Returns the plan that moves everything on `bridge` back to its NIC and deletes the bridge: the inverse of
 * `planToBridge`. Only reads; the plan's steps change.
 * @throws ProductError if there is no such bridge, or it does not have exactly one NIC
 */
export async function planToNic(
  db: LocalDatabase,
  bridge: string,
  { rundir, timeoutMs, restartDhcp, place, isForced = false }: ToNicOptions,
): Promise<Plan> {
  const row = findBridge(db, bridge);
  if (row === undefined)
    throw new ProductError(
      'ERR_NO_BRIDGE',
      `there is no bridge ${bridge}; ovs-vsctl list-br lists the bridges`,
    );
  const node = row.external_ids.get(NODE_NAME);
  if (node !== undefined && !isForced)
    throw new ProductError(
      'ERR_IN_USE',
      `${bridge} is that of gateway ${node}, which would be lost; run ovn-k8s-overlay gateway-deinit --node-name=${node} first, or give --force`,
    );
  const nic = parseInterfaceName(onlyNicOf(db, bridge, nicsOf(db, row)));
  const journal = new Journal({ rundir, stateDir: place.stateDir }, nic);
  const [from, to] = await Promise.all([readSnapshot(bridge), readSnapshot(nic)]);
  await refuseLockedMetrics(from);
  await refuseEqualRoutes(from, nic);
  const before = journal.read();
  // The move to the bridge has not changed the NIC's link.
  const wanted = { ...(before === undefined ? from : merged(before, from)), link: to.link };

  const isGuarded = row.datapath_type === 'netdev';
  const persistence = readRecorded(nic, place);
  const dhcp = {
    restartDhcp: restartDhcp || persistence !== undefined,
    handedOver: persistence?.manager.renews,
  };
  const plan = new Plan();
  addSwitchStep(plan, timeoutMs, () => awaitAnswer(db, timeoutMs));
  if (persistence !== undefined) addKeep(plan, persistence);
  const baseline = isForced ? undefined : addGatewayBaseline(plan, wanted, bridge);
  addJournal(plan, wanted, journal, { isInterrupted: before !== undefined });
  await addLetGo(plan, { from: bridge, to: nic, isTakenUp: persistence !== undefined });
  addAdditions(plan, { wanted, from, to }, journal);
  // Before the addresses move: from then on the kernel must receive on the NIC. Until the bridge is shut some frames are
  // received twice, which is better than not at all.
  if (isGuarded) {
    plan.add({
      name: `let the kernel receive on ${nic} again`,
      details: returningGuardScript(nic).trimEnd().split('\n'),
      run: () => setReturningGuard(nic),
      undo: () => setGuard(nic),
    });
  }
  addDhcpcdEnd(plan, from, nic, dhcp);
  const advertised = addAdvertisedStart(plan, from, nic);
  addMove(plan, { wanted, from, to }, journal);
  if (isGuarded) {
    plan.add({
      name: `shut ${bridge}, so that the kernel receives only on ${nic}`,
      details: [`link set ${bridge} down`],
      run: async () => {
        await drain(db, timeoutMs);
        await runIp('link', 'set', bridge, 'down');
      },
      undo: () => runIp('link', 'set', bridge, 'up'),
    });
    plan.add({
      name: `let the kernel receive router advertisements on ${nic}`,
      details: [`delete ${guardScript(nic).split('\n')[0]}`],
      run: () => removeGuard(nic),
      undo: () => setReturningGuard(nic),
    });
  }
  addAdvertisedEnd(plan, advertised);
  if (baseline !== undefined) addGatewayCheck(plan, baseline, nic, { timeoutMs, canEcho: isGuarded });
  addJournalEnd(plan, wanted, journal);
  addDhcp(plan, from, nic, dhcp);
  if (persistence !== undefined) {
    addGiveBack(plan, persistence);
    if (baseline !== undefined) addGatewayCheck(plan, baseline, nic, { timeoutMs, canEcho: isGuarded });
  }
  plan.end({
    name: `delete bridge ${bridge}`,
    details: otherPortsOf(db, row, nic).map((port) => `its port ${port} is deleted with it`),
    run: () => outlastFullDisk(timeoutMs, () => deleteBridge(db, bridge, timeoutMs)),
    confirm: async () => {
      await outlastFullDisk(timeoutMs, () => awaitNoBridge(db, bridge, timeoutMs));
      solicit(plan, nic, wanted);
    },
  });
  for (const note of await leftovers(bridge, nic)) plan.note(note);
  return plan;
}

/**
 * Waits until ovs-vswitchd has sent what the host gave to the bridge before its routes moved: the kernel drops what is
 * left in a port that is shut. ovs-vswitchd that answers has been through its ports; one that does not sends nothing.
 */
async function drain(db: LocalDatabase, timeoutMs: number): Promise<void> {
  await awaitSwitch(db, timeoutMs).catch(() => undefined);
}

/** Returns the bridge's only NIC, or the one for which an interrupted `nics-to-bridge` created the bridge. */
function onlyNicOf(db: LocalDatabase, bridge: string, nics: readonly string[]): string {
  const [nic, ...others] = nics;
  if (nic !== undefined && others.length === 0) return nic;
  const former = bridge.replace(/^br/, '');
  const isOurs = findBridge(db, bridge)?.external_ids.get(BRIDGE_ID) === bridge;
  if (nic === undefined && isOurs && hasDevice(former)) return former;
  throw new ProductError(
    'ERR_CANNOT_MOVE',
    `${bridge} has ${nic === undefined ? 'no NIC' : `the NICs ${nics.join(', ')}`}; it must have exactly one`,
  );
}
