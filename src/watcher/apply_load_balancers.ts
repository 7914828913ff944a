import { TRANSPORTS } from '../net/ports.js';
import type { NorthboundTransaction, NorthboundView } from '../ovn/connection.js';
import { clusterLoadBalancerKey, gatewayLoadBalancerKey, KEYS } from '../ovn/keys.js';
import { gatewayRouterName } from '../ovn/names.js';
import type { RowInput, RowOf, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { VipAssignments } from './desired_assignments.js';
import { type Balancer, balancerText, parseBalancerText, type VipId } from './desired_balancer.js';

/** The key in `external_ids` of a row of one service: which of the service's load balancers the row is. */
const BALANCER = 'k8s-balancer';

type LoadBalancerRow = RowOf<typeof ovnNorthbound, 'Load_Balancer'>;

/**
 * Adds to `txn` what gives these virtual addresses their assigned destinations: single keys of the rows that services
 * share, and whole rows for services with a row of their own. A gateway that has no router yet gets its rows later.
 */
export function reconcileVips(
  db: NorthboundView,
  txn: NorthboundTransaction,
  assignments: Pick<VipAssignments, 'targets'>,
  ids: readonly VipId[],
): void {
  if (ids.length === 0) return;
  const index = new BalancerIndex(db);
  for (const [text, group] of byBalancer(ids)) {
    const balancer = group[0]?.balancer;
    if (balancer === undefined) continue;
    const desired = new Map(group.map((id) => [id.vip, assignments.targets(id)]));
    const row = index.row(text);
    if (row !== undefined) updateRow(txn, row, desired);
    else insertRow(index, txn, balancer, text, present(desired));
  }
}

/** Adds to `txn` the deletion of virtual addresses that no service has: their service went while no watcher ran. */
export function deleteStrayVips(
  db: NorthboundView,
  txn: NorthboundTransaction,
  assigned: readonly VipId[],
): void {
  const index = new BalancerIndex(db);
  const known = new Map<Uuid, Set<string>>();
  for (const { balancer, vip } of assigned) {
    const row = index.row(balancerText(balancer));
    if (row === undefined) continue;
    const vips = known.get(row._uuid) ?? new Set();
    known.set(row._uuid, vips.add(vip));
  }
  for (const row of db.table('Load_Balancer').values()) {
    if (!isOurs(row.external_ids)) continue;
    const stray = [...row.vips.keys()].filter((vip) => known.get(row._uuid)?.has(vip) !== true);
    if (row.external_ids.has(KEYS.service) && stray.length === row.vips.size)
      txn.delete('Load_Balancer', row._uuid);
    else if (stray.length > 0) txn.mutate('Load_Balancer', row._uuid, { vips: { delete: stray } });
  }
}

/** Adds to `txn` the rows of single services to switches, or to a router, that came after the rows. */
export function attachEverywhere(db: NorthboundView, txn: NorthboundTransaction): void {
  const index = new BalancerIndex(db);
  const clusterRows: Uuid[] = [];
  const gatewayRows = new Map<string, Uuid[]>();
  for (const { _uuid, external_ids } of db.table('Load_Balancer').values()) {
    const scope = parseBalancerText(external_ids.get(BALANCER) ?? '')?.scope;
    if (scope === undefined) continue;
    if (scope === 'cluster') clusterRows.push(_uuid);
    else if ('gateway' in scope) pushTo(gatewayRows, scope.gateway, _uuid);
  }
  for (const row of index.nodeSwitches) attach(txn, 'Logical_Switch', row, clusterRows);
  for (const [gateway, rows] of gatewayRows) {
    const router = index.gatewayRouter(gateway);
    if (router !== undefined) attach(txn, 'Logical_Router', router, rows);
  }
}

function attach(
  txn: NorthboundTransaction,
  table: 'Logical_Switch' | 'Logical_Router',
  { _uuid, load_balancer }: { readonly _uuid: Uuid; readonly load_balancer: readonly Uuid[] },
  rows: readonly Uuid[],
): void {
  const attached = new Set(load_balancer);
  const missing = rows.filter((uuid) => !attached.has(uuid));
  if (missing.length > 0) txn.mutate(table, _uuid, { load_balancer: { insert: missing } });
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
  index: BalancerIndex,
  txn: NorthboundTransaction,
  { scope, protocol, service, options }: Balancer,
  text: string,
  vips: ReadonlyMap<string, string>,
): void {
  if (vips.size === 0) return;
  const router = scope !== 'cluster' && 'gateway' in scope ? index.gatewayRouter(scope.gateway) : undefined;
  if (scope !== 'cluster' && router === undefined) return;
  const columns: RowInput<typeof ovnNorthbound, 'Load_Balancer'> = {
    protocol,
    vips,
    options: new Map(Object.entries(options)),
    external_ids: new Map([
      [KEYS.service, service],
      [BALANCER, text],
    ]),
  };
  const row = txn.insert('Load_Balancer', columns);
  if (router !== undefined) txn.mutate('Logical_Router', router._uuid, { load_balancer: { insert: [row] } });
  else
    for (const node of index.nodeSwitches)
      txn.mutate('Logical_Switch', node._uuid, { load_balancer: { insert: [row] } });
}

/** The rows of load balancers by scope, protocol and service, read once for many virtual addresses. */
class BalancerIndex {
  /** The switches of nodes: the switches that have the cluster's load balancers. */
  readonly nodeSwitches: readonly RowOf<typeof ovnNorthbound, 'Logical_Switch'>[];
  private readonly own = new Map<string, LoadBalancerRow>();

  constructor(private readonly db: NorthboundView) {
    for (const row of db.table('Load_Balancer').values()) {
      const text = row.external_ids.get(BALANCER);
      if (text !== undefined) this.own.set(text, row);
    }
    this.nodeSwitches = db.filter('Logical_Switch', ({ external_ids }) => external_ids.has(KEYS.gatewayIp));
  }

  row(text: string): LoadBalancerRow | undefined {
    return this.own.get(text);
  }

  gatewayRouter(node: string) {
    return this.db.find('Logical_Router', ({ name }) => name === gatewayRouterName(node));
  }
}

const SHARED_KEYS: readonly string[] = TRANSPORTS.flatMap((protocol) => [
  clusterLoadBalancerKey(protocol),
  gatewayLoadBalancerKey(protocol),
]);

function isOurs(externalIds: ReadonlyMap<string, string>): boolean {
  return externalIds.has(KEYS.service) || SHARED_KEYS.some((key) => externalIds.has(key));
}

function present(desired: ReadonlyMap<string, string | undefined>): Map<string, string> {
  return new Map([...desired].flatMap(([vip, targets]) => (targets === undefined ? [] : [[vip, targets]])));
}

function byBalancer(ids: readonly VipId[]): Map<string, VipId[]> {
  const groups = new Map<string, VipId[]>();
  for (const id of ids) pushTo(groups, balancerText(id.balancer), id);
  return groups;
}

function pushTo<T>(groups: Map<string, T[]>, key: string, value: T): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
