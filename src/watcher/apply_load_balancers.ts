import type { NorthboundTransaction, NorthboundView } from '../ovn/connection.js';
import { KEYS } from '../ovn/keys.js';
import { isServiceBalancer, type LoadBalancerRow } from '../ovn/load_balancers.js';
import type { RowInput, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { sameValue } from '../ovsdb/values.js';
import { BalancerGroups } from './apply_balancer_groups.js';
import type { VipAssignments } from './desired_assignments.js';
import { type Balancer, balancerName, balancerText, type Scope, type VipId } from './desired_balancer.js';
import { keepPositions } from './desired_target_order.js';
import type { BalancerIndex } from './state_balancers.js';

type BalancerColumns = RowInput<typeof ovnNorthbound, 'Load_Balancer'>;

/** Adds to `txn` what gives these virtual addresses, which may have changed, their assigned destinations. */
export function reconcileVips(
  index: BalancerIndex,
  txn: NorthboundTransaction,
  assignments: Pick<VipAssignments, 'targets'>,
  ids: readonly VipId[],
): void {
  const groups = new BalancerGroups(index, txn);
  updateVips(index, txn, groups, assignments, ids);
  groups.write();
}

/**
 * Does the same and compares all rows of services with all assignments: makes and attaches groups that are missing,
 * mends rows, and deletes what no service has, such as the rows of earlier versions that all services shared. All is in
 * `txn`, so that a virtual address that moves from one row to another is there at any time.
 */
export function reconcileAllVips(
  db: NorthboundView,
  index: BalancerIndex,
  txn: NorthboundTransaction,
  assignments: Pick<VipAssignments, 'targets' | 'all'>,
  ids: readonly VipId[],
): void {
  const groups = new BalancerGroups(index, txn);
  groups.complete(db);
  updateVips(index, txn, groups, assignments, ids);
  groups.settle(db, mendRows(db, index, txn, assignments.all));
  groups.write();
}

function updateVips(
  index: BalancerIndex,
  txn: NorthboundTransaction,
  groups: BalancerGroups,
  assignments: Pick<VipAssignments, 'targets'>,
  ids: readonly VipId[],
): void {
  for (const [text, [balancer, vips]] of byBalancer(ids)) {
    const desired = new Map(vips.map((vip) => [vip, assignments.targets({ balancer, vip })]));
    const row = index.row(text);
    if (row !== undefined)
      updateRow(txn, row, balancer.hashBy === undefined ? desired : ordered(row, desired));
    else insertRow(groups, txn, balancer, text, present(desired));
  }
}

/** Returns the destinations in an order by which clients with affinity keep theirs. */
function ordered(
  { vips }: LoadBalancerRow,
  desired: ReadonlyMap<string, string | undefined>,
): ReadonlyMap<string, string | undefined> {
  return new Map(
    [...desired].map(([vip, targets]) => [
      vip,
      targets === undefined ? undefined : keepPositions(vips.get(vip) ?? '', targets),
    ]),
  );
}

function updateRow(
  txn: NorthboundTransaction,
  { _uuid, vips }: LoadBalancerRow,
  desired: ReadonlyMap<string, string | undefined>,
): void {
  const set = Object.fromEntries([...present(desired)].filter(([vip, targets]) => vips.get(vip) !== targets));
  const gone = [...desired].flatMap(([vip, targets]) =>
    targets === undefined && vips.has(vip) ? [vip] : [],
  );
  const isEmptied = Object.keys(set).length === 0 && gone.length === vips.size;
  if (isEmptied) txn.delete('Load_Balancer', _uuid);
  else if (Object.keys(set).length + gone.length > 0)
    txn.mutate('Load_Balancer', _uuid, { vips: { set, delete: gone } });
}

function insertRow(
  groups: BalancerGroups,
  txn: NorthboundTransaction,
  balancer: Balancer,
  text: string,
  vips: ReadonlyMap<string, string>,
): void {
  if (vips.size === 0 || !groups.has(balancer.scope)) return;
  const external_ids = new Map([
    [KEYS.service, balancer.service],
    [KEYS.balancer, text],
  ]);
  const row = txn.insert('Load_Balancer', { ...columnsOf(balancer), vips, external_ids });
  groups.join(balancer.scope, row);
}

/** Deletes rows and virtual addresses that no service has, and corrects the others; returns the scopes of these. */
function mendRows(
  db: NorthboundView,
  index: BalancerIndex,
  txn: NorthboundTransaction,
  assigned: readonly VipId[],
): ReadonlyMap<Uuid, Scope> {
  const known = byBalancer(assigned);
  const scopes = new Map<Uuid, Scope>();
  for (const row of db.table('Load_Balancer').values()) {
    if (!isServiceBalancer(row)) continue;
    const text = row.external_ids.get(KEYS.balancer) ?? '';
    const [balancer, vips] = (index.row(text)?._uuid === row._uuid ? known.get(text) : undefined) ?? [];
    if (balancer === undefined) txn.delete('Load_Balancer', row._uuid);
    else {
      scopes.set(row._uuid, balancer.scope);
      mendRow(txn, row, columnsOf(balancer), new Set(vips));
    }
  }
  return scopes;
}

function mendRow(
  txn: NorthboundTransaction,
  row: LoadBalancerRow,
  columns: Readonly<BalancerColumns>,
  vips: ReadonlySet<string>,
): void {
  const wrong = (['name', 'protocol', 'options', 'selection_fields'] as const).filter(
    (column) => !sameValue(row[column], columns[column]),
  );
  txn.update('Load_Balancer', row._uuid, Object.fromEntries(wrong.map((one) => [one, columns[one]])));
  const stray = [...row.vips.keys()].filter((vip) => !vips.has(vip));
  if (stray.length > 0) txn.mutate('Load_Balancer', row._uuid, { vips: { delete: stray } });
}

function columnsOf(balancer: Balancer) {
  return {
    name: balancerName(balancer),
    protocol: balancer.protocol,
    options: new Map(Object.entries(balancer.options)),
    selection_fields: balancer.hashBy === undefined ? [] : [balancer.hashBy],
  };
}

/** Returns the virtual addresses of each load balancer, by its text. */
function byBalancer(ids: readonly VipId[]): ReadonlyMap<string, readonly [Balancer, readonly string[]]> {
  const found = new Map<string, readonly [Balancer, string[]]>();
  for (const { balancer, vip } of ids) {
    const text = balancerText(balancer);
    const entry = found.get(text);
    if (entry === undefined) found.set(text, [balancer, [vip]]);
    else entry[1].push(vip);
  }
  return found;
}

function present(desired: ReadonlyMap<string, string | undefined>): ReadonlyMap<string, string> {
  return new Map([...desired].flatMap(([vip, targets]) => (targets === undefined ? [] : [[vip, targets]])));
}
