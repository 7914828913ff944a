import { ProductError } from '../net/errors.js';
import { findBridge } from './bridges.js';
import { commitAndWait } from './commit.js';
import type { LocalDatabase } from './connection.js';
import { awaitOpen } from './opened_port.js';
import { addPort, bridgeOf, removePort } from './ports.js';

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
  await awaitOpen(db, nic, { bridge, timeoutMs });
}

/** Removes `nic` from its bridge and waits until ovs-vswitchd has closed it. */
export async function detach(db: LocalDatabase, nic: string, timeoutMs: number): Promise<void> {
  const bridge = bridgeOf(db, nic);
  if (bridge === undefined) return;
  const txn = db.transaction(`ovn-k8s-util: take ${nic} off ${bridge.name}`);
  removePort(db, txn, nic);
  await commitAndWait(db, txn, timeoutMs);
}
