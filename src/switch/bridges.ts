import { ProductError } from '../net/errors.js';
import type { RowInput, RowOf, RowRef } from '../ovsdb/columns.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import { awaitSwitch, commitAndWait } from './commit.js';
import { type LocalDatabase, type LocalTransaction, rootOf } from './connection.js';
import { BRIDGE_ID } from './external_ids.js';
import { awaitNoPortDevice, awaitOpen, awaitPortDevice } from './opened_port.js';
import { bridgeOf, findInterface, insertPort, removePort } from './ports.js';

type BridgeRow = RowOf<typeof openVswitch, 'Bridge'>;

export type DatapathType = 'system' | 'netdev';

/** Returns the Bridge row called `name`; `undefined` if there is none. */
export function findBridge(db: LocalDatabase, name: string): BridgeRow | undefined {
  return db.find('Bridge', (row) => row.name === name);
}

/** Returns the bridge's ports other than its LOCAL port and `nic`: ports that are deleted with the bridge. */
export function otherPortsOf(db: LocalDatabase, bridge: BridgeRow, nic: string): string[] {
  return portNames(db, bridge).filter((name) => name !== bridge.name && name !== nic);
}

/** Returns the bridge's kernel devices: its interfaces except the LOCAL port, patches and tunnels. */
export function nicsOf(db: LocalDatabase, bridge: BridgeRow): string[] {
  return bridge.ports
    .flatMap((uuid) => db.table('Port').get(uuid)?.interfaces ?? [])
    .flatMap((uuid) => db.table('Interface').get(uuid) ?? [])
    .filter(({ type, name }) => (type === '' || type === 'system') && name !== bridge.name)
    .map(({ name }) => name);
}

/**
 * Returns the types of datapath that bridges can have.
 * @param kernelHasIt whether the kernel has Open vSwitch's datapath; ovs-vswitchd lists `system` also without it
 */
export function usableDatapaths(db: LocalDatabase, kernelHasIt: boolean): readonly string[] {
  const types = [...db.table('Open_vSwitch').values()].flatMap(({ datapath_types }) => datapath_types);
  return types.filter((type) => type !== 'system' || kernelHasIt);
}

/** Returns `system` if bridges can have it, else `netdev`. */
export function bestDatapath(db: LocalDatabase, kernelHasIt: boolean): DatapathType {
  return usableDatapaths(db, kernelHasIt).includes('system') ? 'system' : 'netdev';
}

/** The bridge settings that the product sets; the operator owns all others. */
export interface BridgeSettings {
  readonly failMode: string | undefined;
  readonly hwaddr: string | undefined;
  readonly bridgeId: string | undefined;
  /** MTU of the LOCAL port, in bytes. */
  readonly mtu: number | undefined;
}

/** Returns the settings of a bridge as the database has them. */
export function settingsOf(db: LocalDatabase, row: BridgeRow): BridgeSettings {
  return {
    failMode: row.fail_mode,
    hwaddr: row.other_config.get('hwaddr'),
    bridgeId: row.external_ids.get(BRIDGE_ID),
    mtu: findInterface(db, row.name)?.mtu_request,
  };
}

/** Inserts bridge `name` with its LOCAL port. */
export function insertBridge(
  db: LocalDatabase,
  txn: LocalTransaction,
  name: string,
  columns: Omit<RowInput<typeof openVswitch, 'Bridge'>, 'name' | 'ports'>,
  mtu?: number,
): RowRef {
  const local = insertPort(txn, name, { type: 'internal', mtu_request: mtu });
  const bridge = txn.insert('Bridge', { ...columns, name, ports: [local] });
  txn.mutate('Open_vSwitch', rootOf(db), { bridges: { insert: [bridge] } });
  return bridge;
}

/**
 * Creates bridge `name` and waits for its device. The LOCAL port has the NIC's MAC and MTU before the NIC is attached.
 */
export async function createBridge(
  db: LocalDatabase,
  name: string,
  { failMode, hwaddr, bridgeId, mtu }: BridgeSettings,
  datapath: DatapathType,
  timeoutMs: number,
): Promise<void> {
  const txn = db.transaction(`ovn-k8s-util: make bridge ${name}`);
  const columns = {
    fail_mode: failMode,
    datapath_type: datapath,
    other_config: pair('hwaddr', hwaddr),
    external_ids: pair(BRIDGE_ID, bridgeId),
  };
  insertBridge(db, txn, name, columns, mtu);
  await commitAndWait(db, txn, timeoutMs);
  await awaitOpen(db, name, { bridge: name, timeoutMs });
  await awaitPortDevice(db, name, timeoutMs);
}

/** Gives an existing bridge these settings. @throws ProductError `ERR_NO_BRIDGE` */
export async function setUpBridge(
  db: LocalDatabase,
  name: string,
  { failMode, hwaddr, bridgeId, mtu }: BridgeSettings,
  timeoutMs: number,
): Promise<void> {
  const row = findBridge(db, name);
  if (row === undefined) throw new ProductError('ERR_NO_BRIDGE', `bridge ${name} has gone`);
  const txn = db.transaction(`ovn-k8s-util: set up bridge ${name}`);
  const change = (key: string, value: string | undefined) =>
    value === undefined ? { delete: [key] } : { set: { [key]: value } };
  txn.update('Bridge', row._uuid, { fail_mode: failMode });
  txn.mutate('Bridge', row._uuid, {
    other_config: change('hwaddr', hwaddr),
    external_ids: change(BRIDGE_ID, bridgeId),
  });
  const local = findInterface(db, row.name);
  if (local !== undefined) txn.update('Interface', local._uuid, { mtu_request: mtu });
  await commitAndWait(db, txn, timeoutMs);
}

/**
 * Deletes a bridge, and the patch ports of other bridges that lead to it. {@link awaitNoBridge} waits until
 * ovs-vswitchd has followed.
 */
export async function deleteBridge(db: LocalDatabase, name: string, timeoutMs: number): Promise<void> {
  const row = findBridge(db, name);
  if (row === undefined) return;
  const own = new Set(portNames(db, row));
  const txn = db.transaction(`ovn-k8s-util: delete bridge ${name}`);
  txn.mutate('Open_vSwitch', rootOf(db), { bridges: { delete: [row._uuid] } });
  for (const iface of db.filter(
    'Interface',
    ({ type, options }) => type === 'patch' && own.has(options.get('peer') ?? ''),
  )) {
    const port = db.find('Port', ({ interfaces }) => interfaces.includes(iface._uuid));
    if (port !== undefined && bridgeOf(db, port.name)?.name !== name) removePort(db, txn, port.name);
  }
  await txn.commit({ timeoutMs });
}

/** Waits until ovs-vswitchd has released a deleted bridge and the bridge's device has gone. */
export async function awaitNoBridge(db: LocalDatabase, name: string, timeoutMs: number): Promise<void> {
  await awaitSwitch(db, timeoutMs);
  await awaitNoPortDevice(db, name, timeoutMs);
}

function pair(key: string, value: string | undefined): ReadonlyMap<string, string> {
  return new Map(value === undefined ? [] : [[key, value]]);
}

function portNames(db: LocalDatabase, bridge: BridgeRow): string[] {
  return bridge.ports.flatMap((uuid) => db.table('Port').get(uuid)?.name ?? []);
}
