import type { PodNetwork } from '../kube/pod_annotation.js';
import { formatCidr } from '../net/cidr.js';
import { podPortName } from '../ovn/pods.js';
import type { Uuid } from '../ovsdb/columns.js';
import { WaitExpired } from '../ovsdb/errors.js';
import type { LocalDatabase } from '../switch/connection.js';
import { IFACE_ID, OVN_INSTALLED } from '../switch/external_ids.js';
import { addPort, findInterface, removePort } from '../switch/ports.js';
import { CniError, CODES } from './errors.js';
import type { Attachment } from './request.js';

/**
 * Adds the host end to the integration bridge, as the interface of the pod's logical port. Takes `iface-id` in the same
 * transaction from another sandbox of the pod that the runtime has not deleted yet: of two interfaces with one
 * `iface-id`, ovn-controller binds an arbitrary one.
 * @throws TransactionError, WaitExpired
 */
export async function addPodPort(
  db: LocalDatabase,
  bridge: Uuid,
  host: string,
  attachment: Attachment,
  network: PodNetwork,
  timeoutMs: number,
): Promise<void> {
  const id = podPortName(attachment.namespace, attachment.pod);
  const txn = db.transaction(`ovn-k8s-cni-overlay: add ${host} for ${id}`);
  for (const { _uuid, name, external_ids } of db.table('Interface').values())
    if (external_ids.get(IFACE_ID) === id && name !== host)
      txn.mutate('Interface', _uuid, { external_ids: { delete: [IFACE_ID] } });
  addPort(txn, bridge, host, {
    external_ids: new Map([
      [IFACE_ID, id],
      ['attached_mac', network.mac],
      ['ip_addresses', network.addresses.map(formatCidr).join(' ')],
      ['sandbox', attachment.containerId],
    ]),
  });
  await txn.commit({ timeoutMs });
  // A cleanup must find the row in this client's copy.
  await db.until(() => findInterface(db, host), { timeoutMs, what: `the row of ${host} to appear` });
}

/** Removes the host end from its bridge, if it is on one. */
export async function removePodPort(db: LocalDatabase, host: string, timeoutMs: number): Promise<void> {
  const txn = db.transaction(`ovn-k8s-cni-overlay: remove ${host}`);
  removePort(db, txn, host);
  await txn.commit({ timeoutMs });
}

/** Returns the differences between the port on the integration bridge and what ADD makes, a few words each. */
export function switchDisagreements(
  db: LocalDatabase,
  { namespace, pod }: Attachment,
  host: string,
): string[] {
  const ids = findInterface(db, host)?.external_ids;
  if (ids === undefined) return [`${host} is not on the integration bridge`];
  const id = podPortName(namespace, pod);
  return [
    ...(ids.get(IFACE_ID) === id ? [] : [`${host} does not have iface-id ${id}`]),
    ...(ids.get(OVN_INSTALLED) === 'true' ? [] : [`the flows of ${host} are not installed`]),
  ];
}

/** Waits until ovn-controller has installed the flows of the pod's port. @throws CniError after `timeoutMs` */
export async function awaitInstalled(db: LocalDatabase, host: string, timeoutMs: number): Promise<void> {
  const isInstalled = () => findInterface(db, host)?.external_ids.get(OVN_INSTALLED) === 'true' || undefined;
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
      `ovn-controller did not install the flows of ${row?.external_ids.get(IFACE_ID) ?? host} within ${timeoutMs} ms; ${why}`,
    );
  }
}
