import { STEPS } from '../daemon/turns.js';
import type { NorthboundTransaction, NorthboundView } from '../ovn/connection.js';
import { KEYS } from '../ovn/keys.js';
import { attachGroups, isServiceBalancer } from '../ovn/load_balancers.js';
import { nodeOfGatewayRouter } from '../ovn/names.js';
import type { RowRef, Uuid } from '../ovsdb/columns.js';
import { groupName, type Scope } from './desired_balancer.js';
import type { BalancerIndex } from './state_balancers.js';

/**
 * The groups of load balancers while one transaction is made. New members are collected, since a change of a group
 * costs the database as much as the group is large.
 */
export class BalancerGroups {
  private readonly made = new Map<string, RowRef>();
  private readonly joining = new Map<string, (Uuid | RowRef)[]>();
  private readonly leaving = new Map<string, Uuid[]>();

  constructor(
    private readonly index: BalancerIndex,
    private readonly txn: NorthboundTransaction,
  ) {}

  /** Whether the transaction makes groups. */
  get hasMade(): boolean {
    return this.made.size > 0;
  }

  /** Whether the scope has a group: a gateway without a router, or a node without a switch, has none yet. */
  has(scope: Scope): boolean {
    return this.find(groupName(scope)) !== undefined;
  }

  /** Puts a load balancer into the group of a scope. */
  join(scope: Scope, balancer: Uuid | RowRef): void {
    pushTo(this.joining, groupName(scope), balancer);
  }

  /**
   * Makes the groups that nodes and gateways lack, and attaches them. Takes services' load balancers off the switches
   * and routers that have them without a group, as those of earlier versions have. A switch of an operator's that has the
   * cluster's load balancers so gets the cluster's group.
   */
  complete(db: NorthboundView): void {
    const cluster = this.ensure('cluster');
    for (const row of db.table('Logical_Switch').values()) {
      const isNode = row.external_ids.has(KEYS.gatewayIp);
      const isServed = this.detach(db, 'Logical_Switch', row);
      if (isNode) attachGroups(this.txn, 'Logical_Switch', row, [cluster, this.ensure({ node: row.name })]);
      else if (isServed) attachGroups(this.txn, 'Logical_Switch', row, [cluster]);
    }
    for (const row of db.table('Logical_Router').values()) {
      const gateway = row.options.has('chassis') ? nodeOfGatewayRouter(row.name) : undefined;
      if (gateway === undefined) continue;
      attachGroups(this.txn, 'Logical_Router', row, [this.ensure({ gateway })]);
      this.detach(db, 'Logical_Router', row);
    }
  }

  /** Makes the load balancers of services in existing groups exactly those that `scopes` puts there. */
  *settle(db: NorthboundView, scopes: ReadonlyMap<Uuid, Scope>): Generator<void> {
    let steps = 0;
    const wanted = new Map<string, Set<Uuid>>();
    for (const [uuid, scope] of scopes) {
      const name = groupName(scope);
      const own = wanted.get(name);
      if (own === undefined) wanted.set(name, new Set([uuid]));
      else own.add(uuid);
      if (++steps % STEPS === 0) yield;
    }
    const balancers = db.table('Load_Balancer');
    for (const { name, load_balancer } of db.table('Load_Balancer_Group').values()) {
      const present = new Set(load_balancer);
      const own = wanted.get(name) ?? new Set();
      for (const uuid of own) {
        if (!present.has(uuid)) pushTo(this.joining, name, uuid);
        if (++steps % STEPS === 0) yield;
      }
      for (const uuid of present) {
        const row = balancers.get(uuid);
        if (row !== undefined && !own.has(uuid) && isServiceBalancer(row)) pushTo(this.leaving, name, uuid);
        if (++steps % STEPS === 0) yield;
      }
    }
    for (const [name, own] of wanted)
      if (this.made.has(name)) for (const uuid of own) pushTo(this.joining, name, uuid);
  }

  /** Adds the collected members to the transaction, one operation a group. */
  write(): void {
    for (const name of new Set([...this.joining.keys(), ...this.leaving.keys()])) {
      const group = this.find(name);
      const [fresh, gone] = [this.joining.get(name) ?? [], this.leaving.get(name) ?? []];
      if (group === undefined) continue;
      this.txn.mutate('Load_Balancer_Group', group, {
        load_balancer: {
          ...(gone.length > 0 ? { delete: gone } : {}),
          ...(fresh.length > 0 ? { insert: fresh } : {}),
        },
      });
    }
  }

  private find(name: string): Uuid | RowRef | undefined {
    return this.made.get(name) ?? this.index.groupNamed(name)?._uuid;
  }

  private ensure(scope: Scope): Uuid | RowRef {
    const name = groupName(scope);
    const found = this.find(name);
    if (found !== undefined) return found;
    const group = this.txn.insert('Load_Balancer_Group', { name });
    this.made.set(name, group);
    return group;
  }

  /** Takes services' load balancers off a switch or a router; returns whether it had any. */
  private detach(
    db: NorthboundView,
    table: 'Logical_Switch' | 'Logical_Router',
    { _uuid, load_balancer }: { readonly _uuid: Uuid; readonly load_balancer: readonly Uuid[] },
  ): boolean {
    const balancers = db.table('Load_Balancer');
    const ours = load_balancer.filter((uuid) => {
      const row = balancers.get(uuid);
      return row !== undefined && isServiceBalancer(row);
    });
    if (ours.length > 0) this.txn.mutate(table, _uuid, { load_balancer: { delete: ours } });
    return ours.length > 0;
  }
}

function pushTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
