import { formatCidr } from '../net/cidr.js';
import { IFACE_ID_VER, podPortName } from '../ovn/pods.js';
import type { RowOf, Uuid } from '../ovsdb/columns.js';
import { WaitExpired, WaitTimedOut } from '../ovsdb/errors.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { LocalDatabase } from '../switch/connection.js';
import { ATTACHED_MAC, IFACE_ID, OVN_INSTALLED } from '../switch/external_ids.js';
import { addPort, findInterface, removePort } from '../switch/ports.js';
import { CniError, CODES } from './errors.js';
import type { PodBinding } from './pod_binding.js';
import type { Attachment } from './request.js';

type InterfaceRow = RowOf<typeof openVswitch, 'Interface'>;

/** Keys of `external_ids` of the interfaces that the plugin makes. Those of earlier versions lack the mark. */
const MARK = ['ovn-k8s-cni', 'true'] as const;
const SANDBOX = 'sandbox';
const ADDRESSES = 'ip_addresses';

/** How long this client's copy may lag behind a transaction that the server refused, in milliseconds. */
const LAG_MS = 2_000;

/** Restricts the local tables to the rows of one attachment: its own, and those that hold the pod's logical port. */
export function attachmentRows(host: string, port: string | undefined) {
  return {
    Port: [['name', '==', host]],
    Interface: [
      ['name', '==', host],
      ...(port === undefined ? [] : [['external_ids', 'includes', ['map', [[IFACE_ID, port]]]] as const]),
    ],
  } as const;
}

/**
 * Returns the interfaces of other sandboxes of the pod, which hold its logical port.
 * @throws CniError naming an interface that holds it and that the plugin did not make
 */
export function rivalsOf(db: LocalDatabase, port: string, host: string): InterfaceRow[] {
  const rivals = db.filter(
    'Interface',
    ({ name, external_ids }) => external_ids.get(IFACE_ID) === port && name !== host,
  );
  const foreign = rivals.find((row) => !isOwn(row));
  if (foreign !== undefined)
    throw new CniError(
      CODES.notOurs,
      `interface ${foreign.name} has iface-id ${port}, and the plugin did not make it; rename the pod, or correct external_ids:iface-id of that interface`,
    );
  return rivals;
}

/** Returns whether the plugin made the interface. A patch port or an internal port is never its own. */
function isOwn({ type, external_ids }: InterfaceRow): boolean {
  return type === '' && (external_ids.get(MARK[0]) === MARK[1] || external_ids.has(SANDBOX));
}

/** What ADD connects: a logical port, and the host end of a pair. */
export interface PodPort {
  readonly bridge: Uuid;
  readonly host: string;
  readonly port: string;
  readonly containerId: string;
}

/**
 * Adds the host end to the integration bridge, as the interface of the pod's logical port. Takes `iface-id` in the same
 * transaction from other sandboxes of the pod: of two interfaces with one `iface-id`, ovn-controller binds an arbitrary
 * one, or none if the version of one is not the port's.
 *
 * A sandbox of another UID is older than this one only if the southbound database has not gone on since. It wrote its
 * row after it had read its own UID there, so asking again decides.
 * @param isCurrent asks the southbound database whether `binding` is still what it has
 * @throws TransactionError, WaitExpired, CniError if the pod was replaced meanwhile
 */
export async function addPodPort(
  db: LocalDatabase,
  { bridge, host, port, containerId }: PodPort,
  { uid, network }: PodBinding,
  isCurrent: () => Promise<boolean>,
  leftMs: () => number,
): Promise<void> {
  for (;;) {
    const rivals = rivalsOf(db, port, host);
    const names = rivals.map(({ name }) => name).sort();
    const isOther = rivals.some(({ external_ids }) => external_ids.get(IFACE_ID_VER) !== uid);
    if (isOther && !(await isCurrent()))
      throw new CniError(CODES.tryAgainLater, `logical port ${port} has changed, so its pod may be another`);
    const txn = db.transaction(`ovn-k8s-cni-overlay: add ${host} for ${port}`);
    txn.expectHolders('Interface', ['external_ids', IFACE_ID, port], 'name', names);
    for (const { _uuid } of rivals) txn.mutate('Interface', _uuid, { external_ids: { delete: [IFACE_ID] } });
    addPort(txn, bridge, host, {
      external_ids: new Map([
        [IFACE_ID, port],
        ...(uid === undefined ? [] : [[IFACE_ID_VER, uid] as const]),
        [ATTACHED_MAC, network.mac],
        [ADDRESSES, network.addresses.map(formatCidr).join(' ')],
        [SANDBOX, containerId],
        MARK,
      ]),
    });
    try {
      await txn.commit({ timeoutMs: leftMs() });
      break;
    } catch (error) {
      if (!(error instanceof WaitTimedOut)) throw error;
      // Another sandbox took the port, or lost it, and this client has not received that yet.
      const now = () =>
        rivalsOf(db, port, host)
          .map(({ name }) => name)
          .sort()
          .join() !== names.join() || undefined;
      await db.until(now, { timeoutMs: LAG_MS, what: `the interfaces of ${port}` });
    }
  }
  // A cleanup must find the row in this client's copy.
  await db.until(() => findInterface(db, host), {
    timeoutMs: leftMs(),
    what: `the row of ${host} to appear`,
  });
}

/** Removes the host end from its bridge, if it is on one. */
export async function removePodPort(db: LocalDatabase, host: string, timeoutMs: number): Promise<void> {
  const txn = db.transaction(`ovn-k8s-cni-overlay: remove ${host}`);
  removePort(db, txn, host);
  await txn.commit({ timeoutMs });
}

/** What ADD writes to the row of the host end, as far as the caller knows it. */
export interface ExpectedRow {
  readonly mac: string;
  readonly uid: string | undefined;
}

/** Returns the differences between the port on the integration bridge and what ADD makes, a few words each. */
export function switchDisagreements(
  db: LocalDatabase,
  { namespace, pod }: Pick<Attachment, 'namespace' | 'pod'>,
  host: string,
  { mac, uid }: ExpectedRow,
): string[] {
  const ids = findInterface(db, host)?.external_ids;
  if (ids === undefined) return [`${host} is not on the integration bridge`];
  const id = podPortName(namespace, pod);
  // The rows of earlier versions have no mark and no version.
  const differs = (key: string, wanted: string | undefined) =>
    wanted === undefined || ids.get(key) === wanted || (!ids.has(MARK[0]) && !ids.has(key))
      ? []
      : [`${host} does not have ${key} ${wanted}`];
  return [
    ...(ids.get(IFACE_ID) === id ? [] : [`${host} does not have iface-id ${id}`]),
    ...differs(IFACE_ID_VER, uid),
    ...differs(ATTACHED_MAC, mac),
    ...(ids.get(OVN_INSTALLED) === 'true' ? [] : [`the flows of ${host} are not installed`]),
  ];
}

/**
 * Waits until ovn-controller has installed the flows of the pod's port.
 * @throws CniError after `timeoutMs`, or as soon as another sandbox has taken the port or a DEL has removed it
 */
export async function awaitInstalled(
  db: LocalDatabase,
  { host, port }: PodPort,
  timeoutMs: number,
): Promise<void> {
  const isInstalled = () => {
    const ids = findInterface(db, host)?.external_ids;
    if (ids === undefined)
      throw new CniError(CODES.tryAgainLater, `${host} was removed from the integration bridge meanwhile`);
    if (ids.get(IFACE_ID) !== port)
      throw new CniError(CODES.tryAgainLater, `another sandbox of the pod has taken ${port} from ${host}`);
    return ids.get(OVN_INSTALLED) === 'true' || undefined;
  };
  try {
    await db.until(isInstalled, { timeoutMs, what: `the flows of ${host}` });
  } catch (error) {
    if (!(error instanceof WaitExpired)) throw error;
    const row = findInterface(db, host);
    const why = row?.error
      ? `ovs-vswitchd: ${row.error}`
      : 'is ovn-controller running, and is the pod scheduled to this node?';
    throw new CniError(
      CODES.tryAgainLater,
      `ovn-controller did not install the flows of ${port} within ${timeoutMs} ms; ${why}`,
    );
  }
}
