import type { V1Service } from '@kubernetes/client-node';
import { classOfId } from '../demux/classes.js';
import type { NodePort } from '../demux/state.js';
import { externalAddresses, servicePorts } from '../kube/service.js';
import { explainError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { classIdOf } from '../openflow/cookie.js';
import type { FlowIdentity } from '../openflow/flow.js';
import { Keyed } from '../openflow/keyed.js';

/** What services take of the gateway's traffic. */
export interface ServiceClaims {
  /** By {@link nodePortName}. */
  readonly nodePorts: Keyed<NodePort>;
  /** External and ingress addresses, by themselves. */
  readonly served: Keyed<IpAddress>;
}

/** The same as far as it is known: what nobody has said anything of yet is `undefined`, and stays as it is. */
export type ServiceFacts = { readonly [K in keyof ServiceClaims]: ServiceClaims[K] | undefined };

export const NO_CLAIMS: ServiceClaims = { nodePorts: Keyed.EMPTY, served: Keyed.EMPTY };

export function claimsOf(nodePorts: Iterable<NodePort>, served: Iterable<IpAddress>): ServiceClaims {
  return {
    nodePorts: Keyed.of([...nodePorts].map((one) => [nodePortName(one), one])),
    served: Keyed.of([...served].map((one) => [one, one])),
  };
}

/** What is known of services, and what was `found` of the rest. */
export function filledIn({ nodePorts, served }: ServiceFacts, found: ServiceClaims): ServiceClaims {
  return { nodePorts: nodePorts ?? found.nodePorts, served: served ?? found.served };
}

export function nodePortName({ protocol, port }: NodePort): string {
  return `${protocol} ${port}`;
}

/** What only one service can have: a node port, or a port of an address. */
export type Claim =
  | { readonly name: string; readonly nodePort: NodePort }
  | { readonly name: string; readonly address: IpAddress };

/** What one service claims; nothing when it cannot be read. */
export interface ReadService {
  readonly claims: readonly Claim[];
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** Reads what one service claims; whatever is wrong with it is said, and no exception. */
export function readService(service: V1Service): ReadService {
  try {
    const ports = servicePorts(service);
    const addresses = externalAddresses(service);
    return {
      claims: [
        ...ports.flatMap(({ protocol, nodePort: port }): Claim[] =>
          port === undefined ? [] : [{ name: `node port ${protocol} ${port}`, nodePort: { protocol, port } }],
        ),
        ...addresses.flatMap((address) =>
          ports.map(
            ({ protocol, port }): Claim => ({ name: `${protocol} ${address} port ${port}`, address }),
          ),
        ),
      ],
    };
  } catch (error) {
    return { claims: [], problem: `${explainError(error)}; it is left out` };
  }
}

/**
 * What services claimed when the flows that the switch has were made: what is known of them until an API server
 * says more.
 */
export function recoverClaims(installed: Iterable<FlowIdentity>): ServiceClaims {
  const nodePorts: NodePort[] = [];
  const served: IpAddress[] = [];
  for (const { cookie, key } of installed) {
    const name = classOfId(classIdOf(cookie));
    if (name === 'node-port') {
      const [, protocol, port] = /\b(tcp|udp|sctp)6?,.*\btp_dst=(\d+)$/.exec(key) ?? [];
      if (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp')
        nodePorts.push({ protocol, port: Number(port) });
    } else if (name === 'external') {
      const [, address] = /\b(?:nw_dst|ipv6_dst)=([0-9a-f:.]+)/.exec(key) ?? [];
      if (address !== undefined) served.push(parseIp(address));
    }
  }
  return claimsOf(nodePorts, served);
}
