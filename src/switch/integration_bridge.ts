import type { RowRef, Uuid } from '../ovsdb/columns.js';
import { type LocalDatabase, type LocalTransaction, rootOf } from './connection.js';

/** Returns the name of OVN's integration bridge: `br-int`, unless `external_ids:ovn-bridge` names another (ovn-controller(8)). */
export function integrationBridge(systemIds: ReadonlyMap<string, string>): string {
  return systemIds.get('ovn-bridge') ?? 'br-int';
}

/** Returns the datapath type that ovn-controller gives the integration bridge (ovn-controller(8)). */
export function integrationDatapath(systemIds: ReadonlyMap<string, string>): string {
  return systemIds.get('ovn-bridge-datapath-type') ?? 'system';
}

/**
 * The integration bridge; added to `txn` if it is not there, as `ovn-controller` would make it: it drops what OVN
 * has no flows for.
 */
export function ensureIntegrationBridge(
  db: LocalDatabase,
  txn: LocalTransaction,
  name: string,
  systemIds: ReadonlyMap<string, string>,
): Uuid | RowRef {
  const existing = db.find('Bridge', (row) => row.name === name);
  if (existing !== undefined) {
    if (existing.fail_mode !== 'secure') txn.update('Bridge', existing._uuid, { fail_mode: 'secure' });
    return existing._uuid;
  }
  const iface = txn.insert('Interface', { name, type: 'internal' });
  const port = txn.insert('Port', { name, interfaces: [iface] });
  const bridge = txn.insert('Bridge', {
    name,
    ports: [port],
    fail_mode: 'secure',
    datapath_type: integrationDatapath(systemIds),
  });
  txn.mutate('Open_vSwitch', rootOf(db), { bridges: { insert: [bridge] } });
  return bridge;
}
