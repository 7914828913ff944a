import { ProductError } from '../net/errors.js';
import { type DatapathType, deleteBridge, findBridge, nicsOf, type Switch } from './bridge_rows.js';
import { guardScript, removeGuard, setGuard } from './guard.js';
import { Journal, resumed } from './journal.js';
import { leftovers } from './leftovers.js';
import { addMove } from './move_step.js';
import { Plan } from './plan.js';
import { readSnapshot } from './read.js';
import { rehung } from './snapshot.js';
import type { MoveOptions } from './to_bridge.js';

/**
 * The plan that gives everything on `bridge` back to its NIC and deletes the bridge: the inverse of
 * `planToBridge`. Looks, and changes nothing.
 * @throws ProductError for a bridge that is not there or has not exactly one NIC
 */
export async function planToNic(
  db: Switch,
  bridge: string,
  { rundir, timeoutMs }: MoveOptions,
): Promise<Plan> {
  const row = findBridge(db, bridge);
  if (row === undefined)
    throw new ProductError(
      'ERR_NO_BRIDGE',
      `there is no bridge ${bridge}; ovs-vsctl list-br shows those there are`,
    );
  const nics = nicsOf(db, row);
  const [nic] = nics;
  if (nic === undefined || nics.length > 1) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `${bridge} has ${nics.length === 0 ? 'no NIC' : `the NICs ${nics.join(', ')}`}; it must have one`,
    );
  }
  const journal = new Journal(rundir, nic);
  const [now, onNic] = await Promise.all([readSnapshot(bridge), readSnapshot(nic)]);
  const before = journal.read();
  const snapshot =
    before === undefined
      ? now
      : resumed(now, before.device === bridge ? before : rehung(before, bridge), onNic);
  const datapath: DatapathType = row.datapath_type === 'netdev' ? 'netdev' : 'system';

  const plan = new Plan();
  addMove(plan, snapshot, nic, journal);
  if (datapath === 'netdev') {
    plan.add({
      name: `let the kernel have ${nic} again`,
      details: [`delete ${guardScript(nic).split('\n')[0]}`],
      run: () => removeGuard(nic),
      undo: () => setGuard(nic),
    });
  }
  plan.add({
    name: `delete bridge ${bridge}`,
    details: [],
    run: () => deleteBridge(db, bridge, timeoutMs),
  });
  for (const note of await leftovers(bridge)) plan.note(note);
  return plan;
}
