import { awaitDevice } from '../host/device.js';
import { ProductError } from '../net/errors.js';
import type { RowOf } from '../ovsdb/columns.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import { awaitSwitch, commitAndWait } from './commit.js';
import { type LocalDatabase, rootOf } from './connection.js';

type BridgeRow = RowOf<typeof openVswitch, 'Bridge'>;

export type DatapathType = 'system' | 'netdev';

export function findBridge(db: LocalDatabase, name: string): BridgeRow | undefined {
  return db.find('Bridge', (row) => row.name === name);
}

/** The bridge that has `port`. */
export function bridgeOf(db: LocalDatabase, port: string): BridgeRow | undefined {
  const row = db.find('Port', ({ name }) => name === port);
  return row && db.find('Bridge', ({ ports }) => ports.includes(row._uuid));
}

/** Ports of a bridge that are neither its own nor that of `nic`: they go when the bridge does. */
export function otherPortsOf(db: LocalDatabase, bridge: BridgeRow, nic: string): string[] {
  return portNames(db, bridge).filter((name) => name !== bridge.name && name !== nic);
}

/** The interfaces of a bridge that are devices of the kernel: neither its own port nor patches or tunnels. */
export function nicsOf(db: LocalDatabase, bridge: BridgeRow): string[] {
  return bridge.ports
    .flatMap((uuid) => db.table('Port').get(uuid)?.interfaces ?? [])
    .flatMap((uuid) => db.table('Interface').get(uuid) ?? [])
    .filter(({ type, name }) => (type === '' || type === 'system') && name !== bridge.name)
    .map(({ name }) => name);
}

/** `system` where the kernel has Open vSwitch's datapath, as ovs-vswitchd found out (`datapath_types`). */
export function bestDatapath(db: LocalDatabase): DatapathType {
  return db.find('Open_vSwitch', ({ datapath_types }) => datapath_types.includes('system')) === undefined
    ? 'netdev'
    : 'system';
}

/** What the product sets of a bridge; all else is left to the operator. */
export interface BridgeSettings {
  readonly failMode: string | undefined;
  readonly hwaddr: string | undefined;
  readonly bridgeId: string | undefined;
  /** Of its LOCAL port. */
  readonly mtu: number | undefined;
}

export function settingsOf(db: LocalDatabase, row: BridgeRow): BridgeSettings {
  return {
    failMode: row.fail_mode,
    hwaddr: row.other_config.get('hwaddr'),
    bridgeId: row.external_ids.get('bridge-id'),
    mtu: localPort(db, row)?.mtu_request,
  };
}

/** Makes bridge `name` with its LOCAL port, which has the NIC's MAC and MTU before the NIC is there. */
export async function createBridge(
  db: LocalDatabase,
  name: string,
  { failMode, hwaddr, bridgeId, mtu }: BridgeSettings,
  datapath: DatapathType,
  timeoutMs: number,
): Promise<void> {
  const txn = db.transaction(`ovn-k8s-util: make bridge ${name}`);
  const iface = txn.insert('Interface', { name, type: 'internal', mtu_request: mtu });
  const port = txn.insert('Port', { name, interfaces: [iface] });
  const bridge = txn.insert('Bridge', {
    name,
    ports: [port],
    fail_mode: failMode,
    datapath_type: datapath,
    other_config: pair('hwaddr', hwaddr),
    external_ids: pair('bridge-id', bridgeId),
  });
  txn.mutate('Open_vSwitch', rootOf(db), { bridges: { insert: [bridge] } });
  await commitAndWait(db, txn, timeoutMs);
  await awaitDevice(name, true, timeoutMs);
}

/** Gives a bridge that is there these settings. */
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
    external_ids: change('bridge-id', bridgeId),
  });
  const local = localPort(db, row);
  if (local !== undefined) txn.update('Interface', local._uuid, { mtu_request: mtu });
  await commitAndWait(db, txn, timeoutMs);
}

/** Deletes a bridge, and the patch ports on other bridges that lead to it. {@link awaitNoBridge} waits for the rest. */
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
    const owner = port && db.find('Bridge', ({ ports }) => ports.includes(port._uuid));
    if (port !== undefined && owner !== undefined && owner.name !== name) {
      txn.mutate('Bridge', owner._uuid, { ports: { delete: [port._uuid] } });
    }
  }
  await txn.commit({ timeoutMs });
}

/** Waits until ovs-vswitchd has let go of a bridge that was deleted, and its device has gone. */
export async function awaitNoBridge(db: LocalDatabase, name: string, timeoutMs: number): Promise<void> {
  await awaitSwitch(db, timeoutMs);
  await awaitDevice(name, false, timeoutMs);
}

function localPort(
  db: LocalDatabase,
  { name }: BridgeRow,
): RowOf<typeof openVswitch, 'Interface'> | undefined {
  return db.find('Interface', (row) => row.name === name);
}

function pair(key: string, value: string | undefined): ReadonlyMap<string, string> {
  return new Map(value === undefined ? [] : [[key, value]]);
}

function portNames(db: LocalDatabase, bridge: BridgeRow): string[] {
  return bridge.ports.flatMap((uuid) => db.table('Port').get(uuid)?.name ?? []);
}
