import { ProductError } from '../net/errors.js';
import { type Client, connect } from '../ovsdb/client.js';
import type { RowOf, Uuid } from '../ovsdb/columns.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { Transaction } from '../ovsdb/transaction.js';
import { awaitDevice } from './device.js';

export type Switch = Client<typeof openVswitch>;
type BridgeRow = RowOf<typeof openVswitch, 'Bridge'>;

export type DatapathType = 'system' | 'netdev';

/** Connects to the local switch's database. */
export function connectSwitch(db: string, timeoutMs: number): Promise<Switch> {
  return connect(openVswitch, { remotes: db, timeoutMs });
}

export function findBridge(db: Switch, name: string): BridgeRow | undefined {
  return db.find('Bridge', (row) => row.name === name);
}

/** The bridge that has `port`. */
export function bridgeOf(db: Switch, port: string): BridgeRow | undefined {
  const row = db.find('Port', ({ name }) => name === port);
  return row && db.find('Bridge', ({ ports }) => ports.includes(row._uuid));
}

/** Ports of a bridge that are neither its own nor that of `nic`: they go when the bridge does. */
export function otherPortsOf(db: Switch, bridge: BridgeRow, nic: string): string[] {
  return portNames(db, bridge).filter((name) => name !== bridge.name && name !== nic);
}

/** The interfaces of a bridge that are devices of the kernel: neither its own port nor patches or tunnels. */
export function nicsOf(db: Switch, bridge: BridgeRow): string[] {
  return bridge.ports
    .flatMap((uuid) => db.table('Port').get(uuid)?.interfaces ?? [])
    .flatMap((uuid) => db.table('Interface').get(uuid) ?? [])
    .filter(({ type, name }) => (type === '' || type === 'system') && name !== bridge.name)
    .map(({ name }) => name);
}

/** `system` where the kernel has Open vSwitch's datapath, as ovs-vswitchd found out (`datapath_types`). */
export function bestDatapath(db: Switch): DatapathType {
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

export function settingsOf(db: Switch, row: BridgeRow): BridgeSettings {
  return {
    failMode: row.fail_mode,
    hwaddr: row.other_config.get('hwaddr'),
    bridgeId: row.external_ids.get('bridge-id'),
    mtu: localPort(db, row)?.mtu_request,
  };
}

/**
 * Waits until ovs-vswitchd has done all that the database says.
 * @throws WaitExpired
 */
export async function awaitSwitch(db: Switch, timeoutMs: number): Promise<void> {
  await commitAndWait(db, db.transaction('ovn-k8s-util: is ovs-vswitchd there?'), timeoutMs);
}

/** Makes bridge `name` with its LOCAL port, which has the NIC's MAC and MTU before the NIC is there. */
export async function createBridge(
  db: Switch,
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
  db: Switch,
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

/** Puts `nic` on the bridge, unless it is there, and waits until ovs-vswitchd has it open. */
export async function attach(db: Switch, bridge: string, nic: string, timeoutMs: number): Promise<void> {
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
export async function detach(db: Switch, nic: string, timeoutMs: number): Promise<void> {
  const bridge = bridgeOf(db, nic);
  const port = db.find('Port', ({ name }) => name === nic);
  if (bridge === undefined || port === undefined) return;
  const txn = db.transaction(`ovn-k8s-util: take ${nic} off ${bridge.name}`);
  txn.mutate('Bridge', bridge._uuid, { ports: { delete: [port._uuid] } });
  await commitAndWait(db, txn, timeoutMs);
}

/** Deletes a bridge, and the patch ports on other bridges that lead to it. {@link awaitNoBridge} waits for the rest. */
export async function deleteBridge(db: Switch, name: string, timeoutMs: number): Promise<void> {
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
export async function awaitNoBridge(db: Switch, name: string, timeoutMs: number): Promise<void> {
  await awaitSwitch(db, timeoutMs);
  await awaitDevice(name, false, timeoutMs);
}

/** Commits, and waits until ovs-vswitchd has done what the database says (`cur_cfg`, ovs-vswitchd.conf.db(5)). */
async function commitAndWait(
  db: Switch,
  txn: Transaction<typeof openVswitch>,
  timeoutMs: number,
): Promise<void> {
  const root = rootOf(db);
  txn.increment('Open_vSwitch', root, 'next_cfg');
  await txn.commit({ timeoutMs });
  // ovsdb-server tells of a change before it replies to the transaction that made it.
  const wanted = db.table('Open_vSwitch').get(root)?.next_cfg ?? 0;
  const isDone = () => (db.table('Open_vSwitch').get(root)?.cur_cfg ?? 0) >= wanted || undefined;
  await db.until(isDone, { timeoutMs, what: 'ovs-vswitchd to do what the database says; is it running?' });
}

/** Whether vswitchd has opened it; an error it met says why it never will. */
function openPort(db: Switch, nic: string): true | undefined {
  const row = db.find('Interface', ({ name }) => name === nic);
  if (row?.error !== undefined)
    throw new ProductError('ERR_NO_PORT', `ovs-vswitchd cannot open ${nic}: ${row.error}`);
  return row?.ofport !== undefined && row.ofport > 0 ? true : undefined;
}

function localPort(db: Switch, { name }: BridgeRow): RowOf<typeof openVswitch, 'Interface'> | undefined {
  return db.find('Interface', (row) => row.name === name);
}

function pair(key: string, value: string | undefined): ReadonlyMap<string, string> {
  return new Map(value === undefined ? [] : [[key, value]]);
}

function portNames(db: Switch, bridge: BridgeRow): string[] {
  return bridge.ports.flatMap((uuid) => db.table('Port').get(uuid)?.name ?? []);
}

/** The one row of the switch. */
export function rootOf(db: Switch): Uuid {
  const root = [...db.table('Open_vSwitch').keys()][0];
  if (root === undefined)
    throw new ProductError('ERR_NO_SWITCH', 'the Open_vSwitch table is empty; run ovs-vsctl init');
  return root;
}
