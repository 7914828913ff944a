import type { Service } from '../kube/kinds.js';
import type { Family } from '../net/ip.js';
import type { Transport } from '../net/ports.js';
import type { Balancer, HashField } from './desired_balancer.js';

/** Kubernetes' default (`sessionAffinityConfig.clientIP.timeoutSeconds`). */
const DEFAULT_AFFINITY_SECONDS = 10_800;

/** What decides the options of the row that has a virtual address. */
export interface RowPolicy {
  readonly protocol: Transport;
  /** Whether traffic is dropped for want of a destination: the service has destinations on other nodes only. */
  readonly isDropped: boolean;
  /** Whether the row keeps a gateway router from translating its packets. */
  readonly skipsSnat?: boolean;
}

/** Returns whether each client of a service keeps its destination. */
export function hasAffinity({ spec }: Service): boolean {
  return spec?.sessionAffinity === 'ClientIP';
}

/** Returns what a service's affinity does not get; `undefined` if nothing. */
export function affinityLoss(service: Service): string | undefined {
  const seconds = service.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
  return !hasAffinity(service) || seconds === DEFAULT_AFFINITY_SECONDS
    ? undefined
    : `sessionAffinity does not end after ${seconds} s: a client keeps its endpoint until the endpoints change`;
}

/**
 * Returns the field by whose hash OVN chooses the destination of a client with affinity.
 *
 * OVN's own `affinity_timeout` is not used: the packet from which OVN learns a client's destination is dropped. On a
 * switch so is each retransmission, and the client's first connection fails.
 *
 * Before OVN 25.03 the hash knows no IPv6 address. A pod or a host has a MAC address of its own on its node's switch; at
 * a gateway the clients behind one router share the router's.
 * @param hashesIpv6 whether the northbound's schema has `ipv6_src`
 */
export function affinityHash(family: Family, hashesIpv6: boolean): HashField {
  if (family === 4) return 'ip_src';
  return hashesIpv6 ? 'ipv6_src' : 'eth_src';
}

/**
 * Returns the options of a row (ovn-nb(5), Load_Balancer). All its virtual addresses have them, so addresses that need
 * different options are in different rows.
 *
 * - `reject` answers with a reset or "port unreachable" at a virtual address without a destination. The row has it also
 *   while there are destinations, so that a cluster address stays in its row when they come and go.
 * - `ct_flush` makes a UDP client that goes on sending move to another destination when its own is removed.
 * - `skip_snat` is for gateway routers. A refusal must leave with the address and port that the client asked: the
 *   userspace datapath would translate a reset like a new connection. The option also overrides `lb_force_snat_ip` of a
 *   router of an earlier version, where a policy `Local` and a host port keep the client's address.
 */
export function rowOptions({ protocol, isDropped, skipsSnat }: RowPolicy): Balancer['options'] {
  return {
    ...(protocol === 'udp' && { ct_flush: 'true' }),
    ...(skipsSnat === true && { skip_snat: 'true' }),
    ...(!isDropped && { reject: 'true' }),
  };
}
