import { MIRROR, type Pod } from '../kube/kinds.js';
import type { Cidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { parseMac } from '../net/mac.js';
import {
  IFACE_ID_VER,
  POD_KEYS,
  POD_MARK,
  type PodNetwork,
  podNetworkPairs,
  podPortName,
} from '../ovn/pods.js';
import { withMasks } from './desired_pod_network.js';
import type { LogicalPort } from './state_ports.js';

/** The UID in the annotation of a mirror: a UUID, or the hash of a file. A pod's author may write up to 256 KiB there. */
const MIRROR_UID = /^[\w-]{1,64}$/;

/** The logical port that a pod must have. */
export interface PodPort {
  /** `NAMESPACE_POD`. */
  readonly name: string;
  readonly namespace: string;
  /** The pod's node; its logical switch has the same name. */
  readonly node: string;
  /** The UID under which kubelet runs the pod. */
  readonly uid: string;
  /** The addresses that kubelet reports once the pod runs. The pod's author cannot write them. */
  readonly reported: readonly IpAddress[];
}

/**
 * Returns the port that a pod must have; `undefined` for a pod that is not scheduled, uses the host's network, or has
 * finished and so needs its address no more.
 */
export function wantedPort({ metadata, spec, status }: Pod): PodPort | undefined {
  const [namespace, name, node] = [metadata?.namespace, metadata?.name, spec?.nodeName];
  const isFinished = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (namespace === undefined || name === undefined || !node || spec?.hostNetwork === true || isFinished)
    return undefined;
  return {
    name: podPortName(namespace, name),
    namespace,
    node,
    uid: readUid(metadata),
    reported: readReported(status?.podIPs),
  };
}

function readUid(metadata: Pod['metadata']): string {
  const mirrored = String(metadata?.annotations?.[MIRROR] ?? '');
  return MIRROR_UID.test(mirrored) ? mirrored : String(metadata?.uid ?? '');
}

/** Returns the columns of a pod's new port. */
export function portColumns({ name, namespace, uid }: PodPort, network: PodNetwork, requiresUid: boolean) {
  return {
    name,
    ...boundTo(network),
    options: new Map(requiresUid ? [[IFACE_ID_VER, uid]] : []),
    external_ids: new Map([
      [POD_MARK, 'true'],
      [POD_KEYS.namespace, namespace],
      [POD_KEYS.uid, uid],
      ...podNetworkPairs(network),
    ]),
  };
}

/** Returns the columns that give a port its addresses, and allow its pod no others (`port_security`, ovn-nb(5)). */
function boundTo(network: PodNetwork) {
  const text = addressText(network);
  return { addresses: [text], port_security: [text] };
}

/** Returns a network as the columns `addresses` and `port_security` have it. */
export function addressText({ mac, addresses }: PodNetwork): string {
  return [mac, ...addresses.map(({ address }) => address)].join(' ');
}

/**
 * Returns the network of a port: its static addresses, or those that OVN has allocated; `undefined` if OVN has not
 * allocated them yet.
 *
 * @param gateways the addresses of the switch's router; pods have the same masks
 * @throws ProductError `ERR_POD_PORT` naming the row
 */
export function portNetwork(
  port: Pick<LogicalPort, 'name' | 'addresses' | 'dynamic_addresses'>,
  gateways: readonly Cidr[],
): PodNetwork | undefined {
  const isDynamic = port.addresses.some((text) => /\bdynamic\b/.test(text));
  const text = isDynamic
    ? port.dynamic_addresses
    : port.addresses.find((one) => !/^(unknown|router)$/.test(one));
  if (text === undefined && isDynamic) return undefined;
  const [mac = '', ...ips] = (text ?? '').split(/\s+/).filter((part) => part !== '');
  try {
    if (ips.length === 0) throw new Error('there is no IP address');
    return withMasks(parseMac(mac), ips.map(parseIp), gateways);
  } catch (cause) {
    const shown = JSON.stringify(text ?? port.addresses.join());
    throw new ProductError(
      'ERR_POD_PORT',
      `Logical_Switch_Port ${port.name}: addresses ${shown} cannot be used; correct them with ovn-nbctl lsp-set-addresses, or delete the port`,
      { cause },
    );
  }
}

/** Reads `status.podIPs`. What is not an address counts as none, whatever an API server sends. */
function readReported(podIPs: unknown): IpAddress[] {
  return (Array.isArray(podIPs) ? podIPs : []).flatMap((one: unknown) => {
    try {
      const { ip } = one as { readonly ip: string };
      return [parseIp(ip)];
    } catch {
      return [];
    }
  });
}
