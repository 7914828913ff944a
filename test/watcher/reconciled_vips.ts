import type { NorthboundTransaction, NorthboundView } from '../../src/ovn/connection.js';
import { BalancerGroups } from '../../src/watcher/apply_balancer_groups.js';
import { mendAll, updateVips } from '../../src/watcher/apply_load_balancers.js';
import type { VipAssignments } from '../../src/watcher/desired_assignments.js';
import type { VipId } from '../../src/watcher/desired_balancer.js';
import type { BalancerIndex } from '../../src/watcher/state_balancers.js';
import { finish } from './finish.js';

/** Adds to `txn` what these virtual addresses need, as the keeper does for changed services. */
export function reconcileVips(
  index: BalancerIndex,
  txn: NorthboundTransaction,
  assignments: VipAssignments,
  ids: readonly VipId[],
): void {
  const groups = new BalancerGroups(index, txn);
  finish(updateVips(index, txn, groups, assignments, ids));
  groups.write();
}

/** Does the same and compares everything, in one transaction. */
export function reconcileAllVips(
  db: NorthboundView,
  index: BalancerIndex,
  txn: NorthboundTransaction,
  assignments: VipAssignments,
  ids: readonly VipId[],
): void {
  const groups = new BalancerGroups(index, txn);
  groups.complete(db);
  finish(updateVips(index, txn, groups, assignments, ids));
  finish(mendAll(db, index, txn, groups, assignments));
  groups.write();
}
