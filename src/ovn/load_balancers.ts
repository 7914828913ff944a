import { TRANSPORTS } from '../net/ports.js';
import type { RowOf, RowRef, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { NorthboundTransaction, NorthboundView } from './connection.js';
import { KEYS } from './keys.js';

export type LoadBalancerRow = RowOf<typeof ovnNorthbound, 'Load_Balancer'>;

/** The keys by which ovn-kubernetes' overlay mode finds its rows, each with the addresses of all services. */
const ORIGINAL_KEYS: readonly string[] = TRANSPORTS.flatMap((protocol) => [
  `k8s-cluster-lb-${protocol}`,
  `${protocol.toUpperCase()}_lb_gateway_router`,
]);

/** Returns whether a load balancer is a row of ovn-kubernetes' overlay mode with the addresses of all services. */
export function isOriginalBalancer({ external_ids }: Pick<LoadBalancerRow, 'external_ids'>): boolean {
  return ORIGINAL_KEYS.some((key) => external_ids.has(key));
}

/** Returns whether a load balancer serves Kubernetes' services. All others are an operator's. */
export function isServiceBalancer(row: Pick<LoadBalancerRow, 'external_ids'>): boolean {
  return row.external_ids.has(KEYS.service) || isOriginalBalancer(row);
}

/** Adds to `txn` the deletion of a group of load balancers, and of the services' load balancers that are in it. */
export function deleteBalancerGroup(db: NorthboundView, txn: NorthboundTransaction, name: string): void {
  const group = db.find('Load_Balancer_Group', (row) => row.name === name);
  if (group === undefined) return;
  for (const table of ['Logical_Switch', 'Logical_Router'] as const)
    for (const { _uuid } of db.filter(table, (row) => row.load_balancer_group.includes(group._uuid)))
      txn.mutate(table, _uuid, { load_balancer_group: { delete: [group._uuid] } });
  txn.delete('Load_Balancer_Group', group._uuid);
  deleteServiceBalancers(db, txn, group.load_balancer);
}

/** Adds to `txn` the deletion of those of these load balancers that serve services. */
export function deleteServiceBalancers(
  db: NorthboundView,
  txn: NorthboundTransaction,
  balancers: Iterable<Uuid>,
): void {
  const rows = db.table('Load_Balancer');
  for (const uuid of new Set(balancers)) {
    const row = rows.get(uuid);
    if (row !== undefined && isServiceBalancer(row)) txn.delete('Load_Balancer', uuid);
  }
}

/** Adds to `txn` the attachment of groups to a switch or a router that lacks them. */
export function attachGroups(
  txn: NorthboundTransaction,
  table: 'Logical_Switch' | 'Logical_Router',
  row: { readonly _uuid: Uuid; readonly load_balancer_group: readonly Uuid[] },
  groups: readonly (Uuid | RowRef)[],
): void {
  const missing = groups.filter((one) => typeof one !== 'string' || !row.load_balancer_group.includes(one));
  if (missing.length > 0) txn.mutate(table, row._uuid, { load_balancer_group: { insert: missing } });
}
