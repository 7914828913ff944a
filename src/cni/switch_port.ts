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
 * Puts the host's end on the integration bridge. A sandbox of the same pod that the runtime has not taken down yet
 * loses its claim to the logical port in the same transaction: of two interfaces ovn-controller would take either.
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
  // Until then it could not be found to be taken away.
  await db.until(() => findInterface(db, host), { timeoutMs, what: `the row of ${host} to be seen` });
}

/** Takes the host's end off its bridge; one that is not on any is off. */
export async function removePodPort(db: LocalDatabase, host: string, timeoutMs: number): Promise<void> {
  const txn = db.transaction(`ovn-k8s-cni-overlay: remove ${host}`);
  removePort(db, txn, host);
  await txn.commit({ timeoutMs });
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
      : 'is ovn-controller running, and the pod scheduled here?';
    throw new CniError(
      CODES.tryAgainLater,
      `ovn-controller did not install the flows of ${row?.external_ids.get(IFACE_ID) ?? host} within ${timeoutMs} ms; ${why}`,
    );
  }
}
