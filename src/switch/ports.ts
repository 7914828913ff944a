import { ProductError } from '../net/errors.js';
import type { RowRef, Uuid } from '../ovsdb/columns.js';
import { bridgeOf, findBridge } from './bridges.js';
import { commitAndWait } from './commit.js';
import type { LocalDatabase, LocalTransaction } from './connection.js';

/** Puts `nic` on the bridge, unless it is there, and waits until ovs-vswitchd has it open. */
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
    const iface = txn.insert('Interface', { name: nic });
    const port = txn.insert('Port', { name: nic, interfaces: [iface] });
    txn.mutate('Bridge', row._uuid, { ports: { insert: [port] } });
    await txn.commit({ timeoutMs });
  }
  await db.until(() => openPort(db, nic), { timeoutMs, what: `ovs-vswitchd to open ${nic} on ${bridge}` });
}

/** Takes `nic` off its bridge. */
export async function detach(db: LocalDatabase, nic: string, timeoutMs: number): Promise<void> {
  const bridge = bridgeOf(db, nic);
  const port = db.find('Port', ({ name }) => name === nic);
  if (bridge === undefined || port === undefined) return;
  const txn = db.transaction(`ovn-k8s-util: take ${nic} off ${bridge.name}`);
  txn.mutate('Bridge', bridge._uuid, { ports: { delete: [port._uuid] } });
  await commitAndWait(db, txn, timeoutMs);
}

/**
 * Adds to `txn` interface `name` on `bridge` with these columns, or what it lacks of them.
 */
export function ensurePort(
  db: LocalDatabase,
  txn: LocalTransaction,
  bridge: Uuid | RowRef,
  {
    name,
    columns = {},
    externalIds,
  }: {
    readonly name: string;
    readonly columns?: Readonly<{ type?: string; mac?: string; mtu_request?: number }>;
    readonly externalIds: Readonly<Record<string, string>>;
  },
): void {
  const existing = db.find('Interface', (row) => row.name === name);
  if (existing === undefined) {
    const iface = txn.insert('Interface', {
      name,
      ...columns,
      external_ids: new Map(Object.entries(externalIds)),
    });
    const port = txn.insert('Port', { name, interfaces: [iface] });
    txn.mutate('Bridge', bridge, { ports: { insert: [port] } });
    return;
  }
  const { type, mac, mtu_request } = existing;
  const actual = { type, mac, mtu_request };
  const differing = Object.entries(columns).filter(
    ([column, value]) => actual[column as keyof typeof actual] !== value,
  );
  txn.update('Interface', existing._uuid, Object.fromEntries(differing));
  const ids = Object.entries(externalIds).filter(([key, value]) => existing.external_ids.get(key) !== value);
  if (ids.length > 0)
    txn.mutate('Interface', existing._uuid, { external_ids: { set: Object.fromEntries(ids) } });
}

/** Adds to `txn` that `name` is not a port of any bridge. */
export function removePort(db: LocalDatabase, txn: LocalTransaction, name: string): void {
  const port = db.find('Port', (row) => row.name === name);
  const owner = port && db.find('Bridge', ({ ports }) => ports.includes(port._uuid));
  if (port !== undefined && owner !== undefined)
    txn.mutate('Bridge', owner._uuid, { ports: { delete: [port._uuid] } });
}

/** Whether vswitchd has opened it; an error it met says why it never will. */
function openPort(db: LocalDatabase, nic: string): true | undefined {
  const row = db.find('Interface', ({ name }) => name === nic);
  if (row?.error !== undefined)
    throw new ProductError('ERR_NO_PORT', `ovs-vswitchd cannot open ${nic}: ${row.error}`);
  return row?.ofport !== undefined && row.ofport > 0 ? true : undefined;
}
