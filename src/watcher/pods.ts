import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, type PodNetwork, parseAnnotation } from '../kube/pod_annotation.js';
import { type Cidr, contains } from '../net/cidr.js';
import { explainError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { type MacAddress, parseMac } from '../net/mac.js';
import { podPortName } from '../ovn/pods.js';

/** The logical port of a pod. */
export interface PodPort {
  /** `NAMESPACE_POD`. */
  readonly name: string;
  readonly namespace: string;
  /** The node, whose logical switch has its name. */
  readonly node: string;
  /** What the pod's annotation says that it has, so that it keeps it. */
  readonly network: PodNetwork | undefined;
  /** Why the annotation cannot be read; `undefined` where it can, or there is none. */
  readonly unreadable: string | undefined;
}

/**
 * The port that a pod must have; `undefined` for one that has not been scheduled, has the host's network, or is
 * finished: its address is free for another.
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
 * How a port's addresses are asked for: those it had, or any of its switch's (ovn-nb(5), `addresses`). Whoever may
 * make a pod can write its annotation: what it says counts only where it is the switch's to give, and nobody has it.
 *
 * @param gateways the switch's router addresses with their masks
 */
export function addressesColumn(
  network: PodNetwork | undefined,
  gateways: readonly Cidr[],
  isFree: (address: IpAddress | MacAddress) => boolean,
): string {
  if (network === undefined || network.addresses.length === 0) return 'dynamic';
  const ips = network.addresses.map(({ address }) => address);
  const isOfSwitch = (ip: IpAddress) => gateways.some((one) => contains(one, ip) && one.address !== ip);
  return ips.every(isOfSwitch) && [network.mac, ...ips].every(isFree)
    ? [network.mac, ...ips].join(' ')
    : 'dynamic';
}

/**
 * The network of a port whose addresses OVN has given out, or that were asked for by value.
 *
 * @param gateways the switch's router addresses with their masks, which are those of the pods
 */
export function portNetwork(
  port: { readonly addresses: readonly string[]; readonly dynamic_addresses: string | undefined },
  gateways: readonly Cidr[],
): PodNetwork | undefined {
  const text = port.dynamic_addresses ?? port.addresses.find((one) => /^([0-9a-f]{2}:){5}/i.test(one));
  const [mac, ...ips] = (text ?? '').split(/\s+/).filter((part) => part !== '');
  if (mac === undefined || ips.length === 0) return undefined;
  const addresses = ips.map(parseIp).flatMap((address) => {
    const gateway = gateways.find((one) => contains(one, address));
    return gateway === undefined ? [] : [{ ...gateway, address }];
  });
  const own = gateways.filter((gateway) => addresses.some(({ family }) => family === gateway.family));
  return { mac: parseMac(mac), addresses, gateways: own.map(({ address }) => address) };
}
