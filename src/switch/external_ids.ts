import { ProductError } from '../net/errors.js';
import { type LocalDatabase, type LocalTransaction, rootOf } from './connection.js';

/** Keys of the Open_vSwitch row, which ovn-controller reads too (ovn-controller(8), "CONFIGURATION"). */
export const SYSTEM_ID = 'system-id';
export const HOSTNAME = 'hostname';
export const OVN_NB = 'ovn-nb';
export const OVN_REMOTE = 'ovn-remote';
export const ENCAP_TYPE = 'ovn-encap-type';
export const ENCAP_IP = 'ovn-encap-ip';
export const OVN_BRIDGE = 'ovn-bridge';
export const OVN_BRIDGE_DATAPATH = 'ovn-bridge-datapath-type';

/**
 * Keys of the Open_vSwitch row that `master-init` and `minion-init` write: the subnets of all pods, and the name of the
 * node, under {@link NODE_NAME}.
 */
export const CLUSTER_SUBNETS = 'k8s-cluster-ip-subnet';

/** Keys of the gateway's Bridge row, which `gateway-init` writes and the gateway helper reads. */
export const PHYSICAL_IP = 'k8s-physical-ip';
export const SNAT_PORT_RANGE = 'k8s-snat-port-range';
export const NODE_NAME = 'k8s-node-name';

/** Key of the Bridge row by which `nics-to-bridge` marks a bridge that it made. */
export const BRIDGE_ID = 'bridge-id';

/**
 * Keys of an Interface row: the logical port that it is for ovn-controller, and whether that port's flows are
 * installed.
 */
export const IFACE_ID = 'iface-id';
export const OVN_INSTALLED = 'ovn-installed';

/** Key of an Interface row: the MAC of the pod whose interface this is. */
export const ATTACHED_MAC = 'attached_mac';

/**
 * Key of a dedicated NIC's Interface row: the addresses that the NIC had, so that `gateway-deinit` can restore them.
 */
export const FORMER_ADDRESSES = 'k8s-former-addresses';

/**
 * Returns `external_ids` of the Open_vSwitch row: where OVN and Kubernetes are (ovn-controller(8), "CONFIGURATION").
 */
export function readSystemIds(db: Pick<LocalDatabase, 'table'>): ReadonlyMap<string, string> {
  return [...db.table('Open_vSwitch').values()][0]?.external_ids ?? new Map();
}

/** Adds to `txn` the pairs that `external_ids` of the Open_vSwitch row lacks; `undefined` deletes a pair. */
export function setSystemIds(
  db: LocalDatabase,
  txn: LocalTransaction,
  wanted: Readonly<Record<string, string | undefined>>,
): void {
  const actual = readSystemIds(db);
  const changed = Object.entries(wanted).filter(([key, value]) => actual.get(key) !== value);
  if (changed.length === 0) return;
  txn.mutate('Open_vSwitch', rootOf(db), {
    external_ids: {
      set: Object.fromEntries(changed.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
      delete: changed.flatMap(([key, value]) => (value === undefined ? [key] : [])),
    },
  });
}

/**
 * Returns the value of a key of the Open_vSwitch row's `external_ids`.
 * @throws ProductError `ERR_NOT_CONFIGURED` naming the command that sets it
 */
export function requireSystemId(
  systemIds: ReadonlyMap<string, string>,
  key: string,
  example: string,
): string {
  const value = systemIds.get(key);
  if (value === undefined || value === '') {
    throw new ProductError(
      'ERR_NOT_CONFIGURED',
      `external_ids:${key} is not set; run ovs-vsctl set Open_vSwitch . external_ids:${key}=${example}`,
    );
  }
  return value;
}
