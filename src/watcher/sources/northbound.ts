import { aborted } from '../../daemon/sleep.js';
import type { Source } from '../../daemon/source.js';
import type { Northbound, NorthboundView } from '../../ovn/connection.js';
import { KEYS } from '../../ovn/keys.js';
import { isOriginalBalancer, type LoadBalancerRow } from '../../ovn/load_balancers.js';
import { podKeyOf } from '../../ovn/pods.js';
import { CLAIMING_TABLES } from '../../ovn/row_claims.js';
import type { Change } from '../../ovsdb/cache.js';
import { sameValue, type Value } from '../../ovsdb/values.js';
import { BalancerIndex } from '../state_balancers.js';
import type { Changes } from '../state_changes.js';
import { PortIndex } from '../state_ports.js';

/** A row of these tables that comes or goes can matter to every pod and service. */
const FRAME: readonly string[] = ['Logical_Switch', 'Logical_Router', 'Load_Balancer_Group'];
/** The rows that gateways, and the addresses that have an owner, are read from. */
const GATEWAYS: readonly string[] = CLAIMING_TABLES;

type Row = LoadBalancerRow | undefined;

/** Follows the northbound database: its ports and load balancers by name, and what others change in it. */
export class NorthboundSource implements Source {
  readonly ports = new PortIndex();
  readonly balancers = new BalancerIndex();

  constructor(
    private readonly nb: NorthboundView & Pick<Northbound, 'onChange' | 'onState'>,
    private readonly changes: Changes,
  ) {}

  /** Follows the database until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { nb, changes } = this;
    this.ports.load(nb);
    this.balancers.load(nb);
    const forget = [
      nb.onChange((batch) => this.changed(batch)),
      // A connection that was lost may have hidden any change.
      nb.onState(() => {
        changes.markAll();
        changes.ring();
      }),
    ];
    changes.markAll();
    changes.ring();
    await aborted(signal);
    for (const stop of forget) stop();
  }

  private changed(batch: readonly Change[]): void {
    const { changes } = this;
    this.ports.apply(batch);
    this.balancers.apply(batch);
    for (const { table, old, row } of batch) {
      if (FRAME.includes(table) && (old === undefined || row === undefined)) changes.markAll();
      if (table === 'Logical_Switch' && !sameValue(old?.external_ids, row?.external_ids)) changes.markHosts();
      if (table === 'Logical_Switch' && hasOtherSubnets(old, row)) changes.markAll();
      if (old !== undefined && lostGroup(old, row)) changes.markAll();
      if (table === 'Load_Balancer') this.balancerChanged(old as Row, row as Row);
      if (GATEWAYS.includes(table)) changes.markGateways();
      if (table !== 'Logical_Switch_Port') continue;
      if (old !== undefined) changes.addressFreed();
      const key = portKey(row ?? old);
      if (key === undefined) continue;
      // A port that was just inserted is right: the watcher inserts it whole. An audit checks those of others.
      if (old === undefined) changes.markAnnotation(key);
      else changes.markPod(key);
    }
    changes.ring();
  }

  /**
   * Marks the service of a row that was changed or deleted. A row that was just inserted is right: the watcher inserts
   * it whole. An audit checks those of others, and deletes those of earlier versions that all services share.
   */
  private balancerChanged(old: Row, row: Row): void {
    const { changes } = this;
    if (old === undefined) {
      if (row !== undefined && isOriginalBalancer(row)) changes.markAll();
      return;
    }
    for (const one of [old, row]) {
      const service = one?.external_ids.get(KEYS.service);
      if (service !== undefined) changes.markService(service);
    }
  }
}

/** Returns whether a switch or a router has lost a group of load balancers. */
function lostGroup(old: NonNullable<Change['old']>, row: Change['row']): boolean {
  const [before, after] = [old.load_balancer_group, row?.load_balancer_group];
  return Array.isArray(before) && Array.isArray(after) && before.some((one) => !after.includes(one));
}

/** Returns whether a switch has changed in what its pods' addresses depend on. */
function hasOtherSubnets(old: Change['old'], row: Change['row']): boolean {
  return (
    !sameValue(old?.other_config, row?.other_config) ||
    !sameValue(withoutHost(old?.external_ids), withoutHost(row?.external_ids))
  );
}

/** Returns `external_ids` of a switch without the addresses of its host, which concern services only. */
function withoutHost(externalIds: unknown): Value | undefined {
  if (!(externalIds instanceof Map)) return undefined;
  return new Map([...externalIds].filter(([key]) => key !== KEYS.hostAddresses));
}

function portKey(row: Change['row']): string | undefined {
  if (row === undefined) return undefined;
  const { name, external_ids } = row;
  return typeof name === 'string' && external_ids instanceof Map
    ? podKeyOf({ name, external_ids })
    : undefined;
}
