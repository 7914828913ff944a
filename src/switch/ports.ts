import type { RowInput, RowOf, RowRef, Uuid } from '../ovsdb/columns.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { LocalDatabase, LocalTransaction } from './connection.js';

/** Columns of an Interface row other than its name. */
export type InterfaceColumns = Omit<RowInput<typeof openVswitch, 'Interface'>, 'name'>;

/** Columns of a Port row other than its name and its interfaces. */
export type PortColumns = Omit<RowInput<typeof openVswitch, 'Port'>, 'name' | 'interfaces'>;

/** Returns the Interface row called `name`; `undefined` if there is none. */
export function findInterface(
  db: LocalDatabase,
  name: string,
): RowOf<typeof openVswitch, 'Interface'> | undefined {
  return db.find('Interface', (row) => row.name === name);
}

/** Returns the bridge that has port `name`; `undefined` if no bridge has it. */
export function bridgeOf(db: LocalDatabase, name: string): RowOf<typeof openVswitch, 'Bridge'> | undefined {
  const port = findPort(db, name);
  return port && db.find('Bridge', ({ ports }) => ports.includes(port._uuid));
}

/** Returns the Port row called `name`; `undefined` if there is none. */
export function findPort(db: LocalDatabase, name: string): RowOf<typeof openVswitch, 'Port'> | undefined {
  return db.find('Port', (row) => row.name === name);
}

/** Inserts a port with one interface of the same name; ovsdb-server drops it unless a bridge refers to it. */
export function insertPort(
  txn: LocalTransaction,
  name: string,
  columns: InterfaceColumns = {},
  portColumns: PortColumns = {},
): RowRef {
  const iface = txn.insert('Interface', { ...columns, name });
  return txn.insert('Port', { ...portColumns, name, interfaces: [iface] });
}

/** Adds port `name` to a bridge. */
export function addPort(
  txn: LocalTransaction,
  bridge: Uuid | RowRef,
  name: string,
  columns: InterfaceColumns = {},
  portColumns: PortColumns = {},
): void {
  txn.mutate('Bridge', bridge, { ports: { insert: [insertPort(txn, name, columns, portColumns)] } });
}

/** Adds port `name` to a bridge, or gives an existing interface of that name the columns that it lacks. */
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
  const existing = findInterface(db, name);
  if (existing === undefined) {
    addPort(txn, bridge, name, { ...columns, external_ids: new Map(Object.entries(externalIds)) });
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

/** Removes port `name` from its bridge; adds nothing to `txn` if no bridge has it. */
export function removePort(db: LocalDatabase, txn: LocalTransaction, name: string): void {
  const port = findPort(db, name);
  const bridge = bridgeOf(db, name);
  if (port !== undefined && bridge !== undefined)
    txn.mutate('Bridge', bridge._uuid, { ports: { delete: [port._uuid] } });
}
