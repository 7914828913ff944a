import { TRANSPORTS } from '../net/ports.js';
import type { NorthboundTransaction, NorthboundView } from '../ovn/connection.js';
import { clusterLoadBalancerKey, gatewayLoadBalancerKey, KEYS } from '../ovn/keys.js';
import { gatewayRouterName } from '../ovn/names.js';
import type { RowInput, RowOf, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { balancerText, type VipClaims, type VipId } from './vip_claims.js';
import type { Balancer } from './vips.js';

/** `external_ids` of the rows of services with a policy of their own: which of its rows. */
const BALANCER = 'k8s-balancer';

type LoadBalancerRow = RowOf<typeof ovnNorthbound, 'Load_Balancer'>;

/**
 * Adds to `txn` what makes these virtual addresses what `claims` say: keys of the rows' maps one by one, and the rows
 * of services with a policy of their own as a whole. A gateway that has no rows yet gets its own when it has.
 */
export function reconcileVips(
  db: NorthboundView,
  txn: NorthboundTransaction,
  claims: Pick<VipClaims, 'targets'>,
  ids: readonly VipId[],
): void {
  if (ids.length === 0) return;
  const index = new BalancerIndex(db);
  for (const [text, group] of byBalancer(ids)) {
    const balancer = group[0]?.balancer;
    if (balancer === undefined) continue;
    const wanted = new Map(group.map((id) => [id.vip, claims.targets(id)]));
    const row = index.row(balancer, text);
    if (row !== undefined) mend(txn, row, wanted, balancer);
    else if (balancer.service !== undefined) make(index, txn, balancer, text, present(wanted));
  }
}

/** Virtual addresses that rows of ours have and nobody claims: what was deleted while nobody watched. */
export function strayVips(db: NorthboundView, txn: NorthboundTransaction, claimed: readonly VipId[]): void {
  const index = new BalancerIndex(db);
  const known = new Map<Uuid, Set<string>>();
  for (const { balancer, vip } of claimed) {
    const row = index.row(balancer, balancerText(balancer));
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

/** Puts the rows of services with a policy of their own on switches, or on a router, that came later. */
export function attachEverywhere(db: NorthboundView, txn: NorthboundTransaction): void {
  const index = new BalancerIndex(db);
  const own = new Map<string, Uuid[]>();
  for (const { _uuid, external_ids } of db.table('Load_Balancer').values()) {
    const text = external_ids.get(BALANCER);
    if (text !== undefined) pushTo(own, gatewayOf(text), _uuid);
  }
  for (const [gateway, rows] of own) {
    const router = gateway === '' ? undefined : index.gatewayRouter(gateway);
    const places = [
      ...(gateway === '' ? index.nodeSwitches.map((row) => ['Logical_Switch', row] as const) : []),
      ...(router === undefined ? [] : [['Logical_Router', router] as const]),
    ];
    for (const [table, { _uuid, load_balancer }] of places) {
      const attached = new Set(load_balancer);
      const missing = rows.filter((uuid) => !attached.has(uuid));
      if (missing.length > 0) txn.mutate(table, _uuid, { load_balancer: { insert: missing } });
    }
  }
}

/** The gateway that a row's {@link balancerText} names; empty for those of all switches. */
function gatewayOf(text: string): string {
  const [, gateway = ''] = /^\["([^"]*)"/.exec(text) ?? [];
  return gateway;
}

function mend(
  txn: NorthboundTransaction,
  { _uuid, vips }: LoadBalancerRow,
  wanted: ReadonlyMap<string, string | undefined>,
  balancer: Balancer,
): void {
  const set = Object.fromEntries([...present(wanted)].filter(([vip, targets]) => vips.get(vip) !== targets));
  const gone = [...wanted].flatMap(([vip, targets]) => (targets === undefined && vips.has(vip) ? [vip] : []));
  const isEmptied = Object.keys(set).length === 0 && gone.length === vips.size;
  if (balancer.service !== undefined && isEmptied) txn.delete('Load_Balancer', _uuid);
  else if (Object.keys(set).length + gone.length > 0)
    txn.mutate('Load_Balancer', _uuid, { vips: { set, delete: gone } });
}

function make(
  index: BalancerIndex,
  txn: NorthboundTransaction,
  { scope, protocol, service = '', options = {} }: Balancer,
  text: string,
  vips: ReadonlyMap<string, string>,
): void {
  if (vips.size === 0) return;
  const router = scope === 'cluster' ? undefined : index.gatewayRouter(scope.gateway);
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

/** Rows by what they are looked up by, read once for many virtual addresses. */
class BalancerIndex {
  /** The switches of nodes: those that have the cluster's load balancers. */
  readonly nodeSwitches: readonly RowOf<typeof ovnNorthbound, 'Logical_Switch'>[];
  private readonly own = new Map<string, LoadBalancerRow>();
  private readonly shared = new Map<string, LoadBalancerRow>();

  constructor(private readonly db: NorthboundView) {
    for (const row of db.table('Load_Balancer').values()) {
      const text = row.external_ids.get(BALANCER);
      if (text !== undefined) this.own.set(text, row);
      for (const key of SHARED_KEYS) {
        const value = row.external_ids.get(key);
        if (value !== undefined) this.shared.set(`${key}=${value}`, row);
      }
    }
    const cluster = this.shared.get(`${clusterLoadBalancerKey('tcp')}=yes`)?._uuid;
    this.nodeSwitches = db.filter('Logical_Switch', ({ load_balancer }) =>
      load_balancer.some((uuid) => uuid === cluster),
    );
  }

  row({ scope, protocol, service }: Balancer, text: string): LoadBalancerRow | undefined {
    if (service !== undefined) return this.own.get(text);
    return this.shared.get(
      scope === 'cluster'
        ? `${clusterLoadBalancerKey(protocol)}=yes`
        : `${gatewayLoadBalancerKey(protocol)}=${gatewayRouterName(scope.gateway)}`,
    );
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

function present(wanted: ReadonlyMap<string, string | undefined>): Map<string, string> {
  return new Map([...wanted].flatMap(([vip, targets]) => (targets === undefined ? [] : [[vip, targets]])));
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
