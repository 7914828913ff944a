import { existsSync } from 'node:fs';
import { guardScript, removeGuard, setGuard } from '../host/guard.js';
import { runIp } from '../host/iproute_write.js';
import { readSnapshot } from '../host/read_snapshot.js';
import { ProductError } from '../net/errors.js';
import { awaitNoBridge, deleteBridge, findBridge, nicsOf, otherPortsOf } from '../switch/bridges.js';
import type { LocalDatabase } from '../switch/connection.js';
import { BRIDGE_ID } from '../switch/external_ids.js';
import { merged } from './batch.js';
import { addDhcp } from './dhcp_step.js';
import { addGatewayAnswer, addGatewayQuestion } from './gateway_steps.js';
import { Journal } from './journal.js';
import { leftovers } from './leftovers.js';
import { refuseLockedMetrics } from './locked_metrics.js';
import { addMove } from './move_step.js';
import { Plan } from './plan.js';
import { addSwitchStep, type MoveOptions } from './to_bridge.js';

/**
 * The plan that gives everything on `bridge` back to its NIC and deletes the bridge: the inverse of
 * `planToBridge`. Looks, and changes nothing.
 * @throws ProductError for a bridge that is not there or has not exactly one NIC
 */
export async function planToNic(
  db: LocalDatabase,
  bridge: string,
  { rundir, timeoutMs, restartDhcp }: MoveOptions,
): Promise<Plan> {
  const row = findBridge(db, bridge);
  if (row === undefined)
    throw new ProductError(
      'ERR_NO_BRIDGE',
      `there is no bridge ${bridge}; ovs-vsctl list-br shows those there are`,
    );
  const nic = theNicOf(db, bridge, nicsOf(db, row));
  const journal = new Journal(rundir, nic);
  const [from, to] = await Promise.all([readSnapshot(bridge), readSnapshot(nic)]);
  await refuseLockedMetrics(from);
  const before = journal.read();
  // The link itself is the NIC's own, which the move there has not changed.
  const wanted = { ...(before === undefined ? from : merged(before, from)), link: to.link };

  const isGuarded = row.datapath_type === 'netdev';
  const plan = new Plan();
  addSwitchStep(plan, db, timeoutMs);
  const witnesses = addGatewayQuestion(plan, wanted, bridge);
  // Before the addresses move: from then on the kernel takes them from the NIC. Until it takes them from there alone
  // some are taken twice, which is better than not at all.
  if (isGuarded) {
    plan.add({
      name: `let the kernel have ${nic} again`,
      details: [`delete ${guardScript(nic).split('\n')[0]}`],
      run: () => removeGuard(nic),
      undo: () => setGuard(nic),
    });
  }
  addMove(plan, { wanted, from, to }, journal);
  if (isGuarded) {
    plan.add({
      name: `shut ${bridge}, so that the kernel takes all from ${nic}`,
      details: [`link set ${bridge} down`],
      run: () => runIp('link', 'set', bridge, 'down'),
      undo: () => runIp('link', 'set', bridge, 'up'),
    });
  }
  addGatewayAnswer(plan, witnesses, nic, { timeoutMs, canEcho: isGuarded });
  addDhcp(plan, from, nic, { restartDhcp });
  plan.end({
    name: `delete bridge ${bridge}`,
    details: otherPortsOf(db, row, nic).map((port) => `its port ${port} goes with it`),
    run: () => deleteBridge(db, bridge, timeoutMs),
    confirm: () => awaitNoBridge(db, bridge, timeoutMs),
  });
  for (const note of await leftovers(bridge)) plan.note(note);
  return plan;
}

/** The one NIC of the bridge, or that for which `nics-to-bridge` made it and was cut off. */
function theNicOf(db: LocalDatabase, bridge: string, nics: readonly string[]): string {
  const [nic, ...others] = nics;
  if (nic !== undefined && others.length === 0) return nic;
  const former = bridge.replace(/^br/, '');
  const isOurs = findBridge(db, bridge)?.external_ids.get(BRIDGE_ID) === bridge;
  if (nic === undefined && isOurs && existsSync(`/sys/class/net/${former}`)) return former;
  throw new ProductError(
    'ERR_CANNOT_MOVE',
    `${bridge} has ${nic === undefined ? 'no NIC' : `the NICs ${nics.join(', ')}`}; it must have one`,
  );
}
