import { ProductError } from '../net/errors.js';
import { findBridge } from './bridges.js';
import { commitAndWait, untilSwitch } from './commit.js';
import type { LocalDatabase } from './connection.js';
import { addPort, bridgeOf, findInterface, removePort } from './ports.js';

/**
 * Adds `nic` to the bridge unless a bridge has it, and waits until ovs-vswitchd has opened it.
 * @throws ProductError `ERR_NO_BRIDGE`, or `ERR_NO_PORT` if ovs-vswitchd cannot open the NIC
 */
export async function attach(
  db: LocalDatabase,
  bridge: string,
  nic: string,
  timeoutMs: number,
): Promise<void> {
  const row = findBridge(db, bridge);
  if (row === undefined) throw new ProductError('ERR_NO_BRIDGE', `bridge ${bridge} has gone`);
  if (bridgeOf(db, nic) === undefined) {
    const txn = db.transaction(`ovn-k8s-util: put ${nic} on ${bridge}`);
    addPort(txn, row._uuid, nic);
    await txn.commit({ timeoutMs });
  }
  await untilSwitch(db, () => isOpen(db, nic) || undefined, {
    timeoutMs,
    what: `ovs-vswitchd to open ${nic} on ${bridge}`,
  });
}

/** Removes `nic` from its bridge and waits until ovs-vswitchd has closed it. */
export async function detach(db: LocalDatabase, nic: string, timeoutMs: number): Promise<void> {
  const bridge = bridgeOf(db, nic);
  if (bridge === undefined) return;
  const txn = db.transaction(`ovn-k8s-util: take ${nic} off ${bridge.name}`);
  removePort(db, txn, nic);
  await commitAndWait(db, txn, timeoutMs);
}

/** Returns whether ovs-vswitchd has opened the port. @throws ProductError with the error that ovs-vswitchd met */
function isOpen(db: LocalDatabase, nic: string): boolean {
  const row = findInterface(db, nic);
  if (row?.error !== undefined)
    throw new ProductError('ERR_NO_PORT', `ovs-vswitchd cannot open ${nic}: ${row.error}`);
  return row?.ofport !== undefined && row.ofport > 0;
}
