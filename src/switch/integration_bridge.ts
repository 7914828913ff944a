import { parseInterfaceName } from '../net/interface_name.js';
import type { RowRef, Uuid } from '../ovsdb/columns.js';
import { findBridge, insertBridge } from './bridges.js';
import type { LocalDatabase, LocalTransaction } from './connection.js';
import { OVN_BRIDGE, OVN_BRIDGE_DATAPATH } from './external_ids.js';

/**
 * Returns the name of OVN's integration bridge: `br-int`, unless `external_ids:ovn-bridge` names another
 * (ovn-controller(8)).
 */
export function integrationBridge(systemIds: ReadonlyMap<string, string>): string {
  return systemIds.get(OVN_BRIDGE) ?? 'br-int';
}

/** Returns the datapath type that ovn-controller gives the integration bridge (ovn-controller(8)). */
export function integrationDatapath(systemIds: ReadonlyMap<string, string>): string {
  return systemIds.get(OVN_BRIDGE_DATAPATH) ?? 'system';
}

/**
 * Returns the integration bridge, and inserts it as ovn-controller would if it is missing. Its fail mode is `secure`:
 * packets that no flow of OVN matches are dropped.
 * @throws ProductError `ERR_NOT_AN_INTERFACE_NAME` for a bridge that the kernel could not have
 */
export function ensureIntegrationBridge(
  db: LocalDatabase,
  txn: LocalTransaction,
  name: string,
  systemIds: ReadonlyMap<string, string>,
): Uuid | RowRef {
  const existing = findBridge(db, name);
  if (existing !== undefined) {
    if (existing.fail_mode !== 'secure') txn.update('Bridge', existing._uuid, { fail_mode: 'secure' });
    return existing._uuid;
  }
  const columns = { fail_mode: 'secure', datapath_type: integrationDatapath(systemIds) };
  return insertBridge(db, txn, parseInterfaceName(name), columns);
}
