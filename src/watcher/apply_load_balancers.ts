import { STEPS } from '../daemon/turns.js';
import type { NorthboundTransaction, NorthboundView } from '../ovn/connection.js';
import { KEYS } from '../ovn/keys.js';
import { isServiceBalancer, type LoadBalancerRow } from '../ovn/load_balancers.js';
import type { RowInput, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { sameValue } from '../ovsdb/values.js';
import type { BalancerGroups } from './apply_balancer_groups.js';
import type { VipAssignments } from './desired_assignments.js';
import { type Balancer, balancerName, balancerText, type Scope, type VipId } from './desired_balancer.js';
import { keepPositions } from './desired_target_order.js';
import type { BalancerIndex } from './state_balancers.js';

type BalancerColumns = RowInput<typeof ovnNorthbound, 'Load_Balancer'>;

/**
 * Adds to `txn` what gives these virtual addresses, which may have changed, their assigned destinations. `groups` then has
 * the new rows; its `write` adds them to the groups. Like all work here, it yields where it may be interrupted.
 */
export function* updateVips(
  index: BalancerIndex,
  txn: NorthboundTransaction,
  groups: BalancerGroups,
  assignments: Pick<VipAssignments, 'targets'>,
  ids: readonly VipId[],
): Generator<void> {
  let steps = 0;
  for (const [text, { balancer, vips }] of yield* byBalancer(ids)) {
    const set: Record<string, string> = {};
    const gone: string[] = [];
    const row = index.row(text);
    for (const vip of vips) {
      const present = row?.vips.get(vip);
      const targets = ordered(balancer, present, assignments.targets({ balancer, vip }));
      if (targets === undefined) gone.push(vip);
      else if (present !== targets) set[vip] = targets;
      // To order thousands of destinations takes a millisecond or more.
      if (++steps % STEPS === 0 || balancer.hashBy !== undefined) yield;
    }
    if (row === undefined) insertRow(groups, txn, balancer, text, set);
    else updateRow(txn, row, set, gone);
  }
}

/** Returns the destinations in an order by which clients with affinity keep theirs. */
function ordered(
  { hashBy }: Balancer,
  present: string | undefined,
  targets: string | undefined,
): string | undefined {
  const isFree =
    hashBy === undefined || present === undefined || targets === undefined || present === targets;
  return isFree ? targets : keepPositions(present, targets);
}

/**
 * Compares all rows of services with all assignments: mends rows and groups, and deletes what no service has, such as the
 * rows of earlier versions that all services shared.
 */
export function* mendAll(
  db: NorthboundView,
  index: BalancerIndex,
  txn: NorthboundTransaction,
  groups: BalancerGroups,
  assignments: Pick<VipAssignments, 'all'>,
): Generator<void> {
  yield* groups.settle(db, yield* mendRows(db, index, txn, assignments.all));
}

function updateRow(
  txn: NorthboundTransaction,
  { _uuid, vips }: LoadBalancerRow,
  set: Readonly<Record<string, string>>,
  absent: readonly string[],
): void {
  const gone = absent.filter((vip) => vips.has(vip));
  const isSame = Object.keys(set).length === 0;
  if (isSame && gone.length === vips.size) txn.delete('Load_Balancer', _uuid);
  else if (!isSame || gone.length > 0) txn.mutate('Load_Balancer', _uuid, { vips: { set, delete: gone } });
}

function insertRow(
  groups: BalancerGroups,
  txn: NorthboundTransaction,
  balancer: Balancer,
  text: string,
  targets: Readonly<Record<string, string>>,
): void {
  const vips = new Map(Object.entries(targets));
  if (vips.size === 0 || !groups.has(balancer.scope)) return;
  const external_ids = new Map([
    [KEYS.service, balancer.service],
    [KEYS.balancer, text],
  ]);
  const row = txn.insert('Load_Balancer', { ...columnsOf(balancer), vips, external_ids });
  groups.join(balancer.scope, row);
}

/** Deletes rows and virtual addresses that no service has, and corrects the others; returns the scopes of these. */
function* mendRows(
  db: NorthboundView,
  index: BalancerIndex,
  txn: NorthboundTransaction,
  assigned: readonly VipId[],
): Generator<void, ReadonlyMap<Uuid, Scope>> {
  const known = yield* byBalancer(assigned);
  const scopes = new Map<Uuid, Scope>();
  let steps = 0;
  for (const row of db.table('Load_Balancer').values()) {
    if (++steps % STEPS === 0) yield;
    if (!isServiceBalancer(row)) continue;
    const text = row.external_ids.get(KEYS.balancer) ?? '';
    const own = index.row(text)?._uuid === row._uuid ? known.get(text) : undefined;
    if (own === undefined) txn.delete('Load_Balancer', row._uuid);
    else {
      scopes.set(row._uuid, own.balancer.scope);
      mendRow(txn, row, columnsOf(own.balancer), own.vips);
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

interface BalancerVips {
  readonly balancer: Balancer;
  readonly vips: Set<string>;
}

/** Returns the virtual addresses of each load balancer, by its text. */
function* byBalancer(ids: readonly VipId[]): Generator<void, ReadonlyMap<string, BalancerVips>> {
  // Virtual addresses of one service share the object of their load balancer, and its text costs more than a look.
  const byObject = new Map<Balancer, BalancerVips>();
  const found = new Map<string, BalancerVips>();
  let steps = 0;
  for (const { balancer, vip } of ids) {
    let entry = byObject.get(balancer);
    if (entry === undefined) {
      const text = balancerText(balancer);
      entry = found.get(text) ?? { balancer, vips: new Set() };
      found.set(text, entry);
      byObject.set(balancer, entry);
    }
    entry.vips.add(vip);
    if (++steps % STEPS === 0) yield;
  }
  return found;
}
