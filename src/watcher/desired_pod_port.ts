import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, type PodNetwork, parseAnnotation } from '../kube/pod_annotation.js';
import { type Cidr, contains } from '../net/cidr.js';
import { explainError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { type MacAddress, parseMac } from '../net/mac.js';
import { podPortName } from '../ovn/pods.js';

/** The logical port that a pod must have. */
export interface PodPort {
  /** `NAMESPACE_POD`. */
  readonly name: string;
  readonly namespace: string;
  /** The pod's node; its logical switch has the same name. */
  readonly node: string;
  /** The addresses in the pod's annotation, which it keeps. */
  readonly network: PodNetwork | undefined;
  /** Why the annotation cannot be read; `undefined` if it can, or there is none. */
  readonly unreadable: string | undefined;
}

/**
 * Returns the port that a pod must have; `undefined` for a pod that is not scheduled, uses the host's network, or has
 * finished and so needs its address no more.
 */
export function wantedPort({ metadata, spec, status }: V1Pod): PodPort | undefined {
  const [namespace, name, node] = [metadata?.namespace, metadata?.name, spec?.nodeName];
  const isFinished = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (namespace === undefined || name === undefined || !node || spec?.hostNetwork === true || isFinished)
    return undefined;
  return {
    name: podPortName(namespace, name),
    namespace,
    node,
    ...annotated(metadata?.annotations?.[ANNOTATION]),
  };
}

function annotated(text: string | undefined): Pick<PodPort, 'network' | 'unreadable'> {
  try {
    return { network: text === undefined ? undefined : parseAnnotation(text), unreadable: undefined };
  } catch (error) {
    return { network: undefined, unreadable: explainError(error) };
  }
}

/**
 * Returns the `addresses` column of a new port (ovn-nb(5)): the annotated addresses, or `dynamic`. The creator of a pod
 * can write its annotation, so annotated addresses count only if they are in the switch's subnets and free.
 *
 * @param gateways the addresses of the switch's router, with their masks
 * @param reserve reserves an address; returns whether it was free
 */
export function addressesColumn(
  network: PodNetwork | undefined,
  gateways: readonly Cidr[],
  reserve: (address: IpAddress | MacAddress) => boolean,
): string {
  if (network === undefined || network.addresses.length === 0) return 'dynamic';
  const ips = network.addresses.map(({ address }) => address);
  const isOfSwitch = (ip: IpAddress) => gateways.some((one) => contains(one, ip) && one.address !== ip);
  return ips.every(isOfSwitch) && [network.mac, ...ips].every(reserve)
    ? [network.mac, ...ips].join(' ')
    : 'dynamic';
}

/**
 * Returns the network of a port: the addresses that OVN allocated, or the static ones; `undefined` if it has none yet.
 *
 * @param gateways the addresses of the switch's router; pods have the same masks
 */
export function portNetwork(
  port: { readonly addresses: readonly string[]; readonly dynamic_addresses: string | undefined },
  gateways: readonly Cidr[],
): PodNetwork | undefined {
  const text = port.dynamic_addresses ?? port.addresses.find(isStatic);
  const [mac, ...ips] = (text ?? '').split(/\s+/).filter((part) => part !== '');
  if (mac === undefined || ips.length === 0) return undefined;
  const addresses = ips.map(parseIp).flatMap((address) => {
    const gateway = gateways.find((one) => contains(one, address));
    return gateway === undefined ? [] : [{ ...gateway, address }];
  });
  const own = gateways.filter((gateway) => addresses.some(({ family }) => family === gateway.family));
  return { mac: parseMac(mac), addresses, gateways: own.map(({ address }) => address) };
}

/** Returns whether an element of `addresses` has a MAC and leaves nothing for OVN to allocate, as `MAC dynamic` does. */
function isStatic(text: string): boolean {
  return /^([0-9a-f]{2}:){5}/i.test(text) && !/\sdynamic$/.test(text);
}
