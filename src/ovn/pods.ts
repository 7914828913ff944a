import { type Cidr, formatCidr, parseCidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { type MacAddress, parseMac } from '../net/mac.js';
import type { RowOf } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import type { NorthboundTransaction, NorthboundView } from './connection.js';

/** MTU of pods' interfaces, in octets: 1500 less the Geneve headers, rounded down (as in ovn-kubernetes). */
export const POD_MTU = 1400;

/** Key of `external_ids` that marks a pod's logical switch port. */
export const POD_MARK = 'pod';

/**
 * Keys of `external_ids` of a pod's logical switch port. northd copies them to the Port_Binding, where the CNI plugin
 * reads them. The keys of the network, and their values, are those of the pod's annotation.
 */
export const POD_KEYS = {
  namespace: 'namespace',
  /** The UID that kubelet passes to the CNI plugin as K8S_POD_UID. */
  uid: 'pod-uid',
  /** Addresses with masks, separated by commas: `10.244.1.5/24,fd00:10:244:1::5/64`. */
  addresses: 'ip_address',
  mac: 'mac_address',
  /** The default gateway of each family that has one, separated by commas. */
  gateways: 'gateway_ip',
} as const;

/** Option of a pod's port: ovn-controller binds only an interface with this `external_ids:iface-id-ver` (ovn-nb(5)). */
export const IFACE_ID_VER = 'iface-id-ver';

/** The network of a pod, with addresses of one or both families. */
export interface PodNetwork {
  readonly mac: MacAddress;
  readonly addresses: readonly Cidr[];
  /** The default gateway of each family that has one. */
  readonly gateways: readonly IpAddress[];
}

/** Returns the pairs of `external_ids` that describe a pod's network. */
export function podNetworkPairs({ mac, addresses, gateways }: PodNetwork): [key: string, value: string][] {
  return [
    [POD_KEYS.addresses, addresses.map(formatCidr).join(',')],
    [POD_KEYS.mac, mac],
    [POD_KEYS.gateways, gateways.join(',')],
  ];
}

/**
 * Reads a pod's network from the `external_ids` of its port; `undefined` if they have none.
 * @throws ProductError `ERR_POD_PORT`
 */
export function readPodNetwork(externalIds: ReadonlyMap<string, string>): PodNetwork | undefined {
  const mac = externalIds.get(POD_KEYS.mac);
  if (mac === undefined) return undefined;
  try {
    return {
      mac: parseMac(mac),
      addresses: list(externalIds.get(POD_KEYS.addresses)).map(parseCidr),
      gateways: list(externalIds.get(POD_KEYS.gateways)).map(parseIp),
    };
  } catch (error) {
    throw new ProductError('ERR_POD_PORT', "external_ids of the pod's port", { cause: error });
  }
}

/** Returns the name of a pod's logical switch port, which is also the `iface-id` of its interface. */
export function podPortName(namespace: string, pod: string): string {
  return `${namespace}_${pod}`;
}

/** Returns the pod of a logical switch port as `NAMESPACE/NAME`; `undefined` if the port is not a pod's. */
export function podKeyOf({
  name,
  external_ids,
}: Pick<RowOf<typeof ovnNorthbound, 'Logical_Switch_Port'>, 'name' | 'external_ids'>): string | undefined {
  const namespace = external_ids.get(POD_KEYS.namespace);
  if (external_ids.get(POD_MARK) !== 'true' || namespace === undefined || !name.startsWith(`${namespace}_`))
    return undefined;
  return `${namespace}/${name.slice(namespace.length + 1)}`;
}

/**
 * Adds to `txn` the deletion of the pod's port with this name, which the name's owner inserts in the same transaction.
 * @returns the pod as `NAMESPACE/NAME`; `undefined` if no pod's port has the name
 */
export function displacePod(
  db: NorthboundView,
  txn: NorthboundTransaction,
  name: string,
): string | undefined {
  const port = db.find('Logical_Switch_Port', (row) => row.name === name);
  const pod = port && podKeyOf(port);
  if (port === undefined || pod === undefined) return undefined;
  const owner = db.find('Logical_Switch', ({ ports }) => ports.includes(port._uuid));
  if (owner !== undefined) txn.mutate('Logical_Switch', owner._uuid, { ports: { delete: [port._uuid] } });
  return pod;
}

/** Splits `NAMESPACE/NAME`. */
export function splitPodKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

function list(text: string | undefined): string[] {
  const parts = (text ?? '').split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '');
}
