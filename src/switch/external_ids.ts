import { ProductError } from '../net/errors.js';
import type { LocalDatabase } from './connection.js';

/** `external_ids` of the gateway's bridge, which `gateway-init` writes and the gateway helper reads. */
export const PHYSICAL_IP = 'k8s-physical-ip';
export const SNAT_PORT_RANGE = 'k8s-snat-port-range';
export const NODE_NAME = 'k8s-node-name';

/** Returns `external_ids` of the Open_vSwitch row: where OVN and Kubernetes are (ovn-controller(8), "CONFIGURATION"). */
export function readSystemIds(db: LocalDatabase): ReadonlyMap<string, string> {
  return [...db.table('Open_vSwitch').values()][0]?.external_ids ?? new Map();
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
