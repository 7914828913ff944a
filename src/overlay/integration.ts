import type { Switch } from '../nic/bridge_rows.js';
import { rootOf } from '../nic/bridge_rows.js';
import type { RowRef, Uuid } from '../ovsdb/columns.js';

export type LocalTransaction = ReturnType<Switch['transaction']>;

/** `netdev` where `ovn-controller` is told to make its bridge so (ovn-controller(8)), else the default, `system`. */
export function integrationDatapath(systemIds: ReadonlyMap<string, string>): string {
  return systemIds.get('ovn-bridge-datapath-type') ?? 'system';
}

/**
 * The integration bridge; added to `txn` if it is not there, as `ovn-controller` would make it: it drops what OVN
 * has no flows for.
 */
export function ensureIntegrationBridge(
  db: Switch,
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

/**
 * Adds to `txn` interface `name` on `bridge` with these columns, or what it lacks of them.
 */
export function ensurePort(
  db: Switch,
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
export function removePort(db: Switch, txn: LocalTransaction, name: string): void {
  const port = db.find('Port', (row) => row.name === name);
  const owner = port && db.find('Bridge', ({ ports }) => ports.includes(port._uuid));
  if (port !== undefined && owner !== undefined)
    txn.mutate('Bridge', owner._uuid, { ports: { delete: [port._uuid] } });
}
