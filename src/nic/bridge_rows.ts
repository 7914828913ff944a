import { ProductError } from '../net/errors.js';
import { type Client, connect } from '../ovsdb/client.js';
import type { RowOf, Uuid } from '../ovsdb/columns.js';
import { openVswitch } from '../ovsdb/tables/open_vswitch.js';
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

/** Makes bridge `name` with its LOCAL port, which has the NIC's MAC and MTU before the NIC is there. */
export async function createBridge(
  db: Switch,
  name: string,
  options: {
    readonly mac: string;
    readonly mtu: number;
    readonly datapath: DatapathType;
    readonly timeoutMs: number;
  },
): Promise<void> {
  const root = rootOf(db);
  const txn = db.transaction(`ovn-k8s-util: make bridge ${name}`);
  const iface = txn.insert('Interface', { name, type: 'internal', mtu_request: options.mtu });
  const port = txn.insert('Port', { name, interfaces: [iface] });
  const bridge = txn.insert('Bridge', {
    name,
    ports: [port],
    fail_mode: 'standalone',
    datapath_type: options.datapath,
    other_config: new Map([['hwaddr', options.mac]]),
    external_ids: new Map([['bridge-id', name]]),
  });
  txn.mutate('Open_vSwitch', root, { bridges: { insert: [bridge] } });
  txn.increment('Open_vSwitch', root, 'next_cfg');
  await txn.commit({ timeoutMs: options.timeoutMs });
  await awaitDevice(name, true, options.timeoutMs);
}

/** Puts `nic` on the bridge and waits until ovs-vswitchd has it open. */
export async function attach(db: Switch, bridge: string, nic: string, timeoutMs: number): Promise<void> {
  const row = findBridge(db, bridge);
  if (row === undefined) throw new ProductError('ERR_NO_BRIDGE', `bridge ${bridge} has gone`);
  const txn = db.transaction(`ovn-k8s-util: put ${nic} on ${bridge}`);
  const iface = txn.insert('Interface', { name: nic });
  const port = txn.insert('Port', { name: nic, interfaces: [iface] });
  txn.mutate('Bridge', row._uuid, { ports: { insert: [port] } });
  await txn.commit({ timeoutMs });
  await db.until(() => openPort(db, nic), { timeoutMs, what: `ovs-vswitchd to open ${nic} on ${bridge}` });
}

/** Takes `nic` off its bridge. */
export async function detach(db: Switch, nic: string, timeoutMs: number): Promise<void> {
  const bridge = bridgeOf(db, nic);
  const port = db.find('Port', ({ name }) => name === nic);
  if (bridge === undefined || port === undefined) return;
  const txn = db.transaction(`ovn-k8s-util: take ${nic} off ${bridge.name}`);
  txn.mutate('Bridge', bridge._uuid, { ports: { delete: [port._uuid] } });
  await txn.commit({ timeoutMs });
}

/** Deletes a bridge, and the patch ports on other bridges that lead to it. */
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
  txn.increment('Open_vSwitch', rootOf(db), 'next_cfg');
  await txn.commit({ timeoutMs });
  await awaitDevice(name, false, timeoutMs);
}

/** Whether vswitchd has opened it; an error it met says why it never will. */
function openPort(db: Switch, nic: string): true | undefined {
  const row = db.find('Interface', ({ name }) => name === nic);
  if (row?.error !== undefined)
    throw new ProductError('ERR_NO_PORT', `ovs-vswitchd cannot open ${nic}: ${row.error}`);
  return row?.ofport !== undefined && row.ofport > 0 ? true : undefined;
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
