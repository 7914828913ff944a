import type { NorthboundView } from '../ovn/connection.js';
import { KEYS } from '../ovn/keys.js';
import type { LoadBalancerRow } from '../ovn/load_balancers.js';
import type { Change } from '../ovsdb/cache.js';
import type { RowOf } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';

export type BalancerGroup = RowOf<typeof ovnNorthbound, 'Load_Balancer_Group'>;

/** The northbound's load balancers of services by their text, and the groups by name. An update costs what changed. */
export class BalancerIndex {
  /** Several rows can have one text, if two watchers have run at once. */
  private readonly rows = new Map<string, readonly LoadBalancerRow[]>();
  private readonly groups = new Map<string, BalancerGroup>();

  /** Takes over all rows of a database. */
  load(db: NorthboundView): void {
    for (const row of db.table('Load_Balancer').values()) this.putRow(undefined, row);
    for (const row of db.table('Load_Balancer_Group').values()) this.putGroup(undefined, row);
  }

  /** Takes over the changes of one batch. */
  apply(changes: readonly Change[]): void {
    for (const { table, old, row } of changes) {
      if (table === 'Load_Balancer')
        this.putRow(old as LoadBalancerRow | undefined, row as LoadBalancerRow | undefined);
      if (table === 'Load_Balancer_Group')
        this.putGroup(old as BalancerGroup | undefined, row as BalancerGroup | undefined);
    }
  }

  /** Returns the row with this `balancerText`; of several, the one with the lowest uuid. */
  row(text: string): LoadBalancerRow | undefined {
    return this.rows.get(text)?.[0];
  }

  groupNamed(name: string): BalancerGroup | undefined {
    return this.groups.get(name);
  }

  private putRow(old: LoadBalancerRow | undefined, row: LoadBalancerRow | undefined): void {
    const [before, now] = [textOf(old), textOf(row)];
    if (before !== undefined) {
      const left = (this.rows.get(before) ?? []).filter(({ _uuid }) => _uuid !== old?._uuid);
      if (left.length === 0) this.rows.delete(before);
      else this.rows.set(before, left);
    }
    if (now === undefined || row === undefined) return;
    const all = [...(this.rows.get(now) ?? []), row];
    this.rows.set(now, all.length === 1 ? all : all.toSorted((a, b) => (a._uuid < b._uuid ? -1 : 1)));
  }

  private putGroup(old: BalancerGroup | undefined, row: BalancerGroup | undefined): void {
    if (old !== undefined && this.groups.get(old.name)?._uuid === old._uuid) this.groups.delete(old.name);
    if (row !== undefined) this.groups.set(row.name, row);
  }
}

/** Returns the text of a service's row; `undefined` for any other row. */
function textOf(row: LoadBalancerRow | undefined): string | undefined {
  return row?.external_ids.has(KEYS.service) === true ? row.external_ids.get(KEYS.balancer) : undefined;
}
