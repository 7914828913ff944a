import type { Service } from '../kube/kinds.js';
import type { Transport } from '../net/ports.js';
import type { Balancer } from './desired_balancer.js';

/** Kubernetes' default (`sessionAffinityConfig.clientIP.timeoutSeconds`). */
const DEFAULT_AFFINITY_SECONDS = 10_800;
/** The largest `affinity_timeout` of OVN; Kubernetes allows a day, 86,400 s. */
const MAX_AFFINITY_SECONDS = 65_535;

/** What decides the options of the row that has a virtual address. */
export interface RowPolicy {
  readonly protocol: Transport;
  /** Seconds for which a client keeps its destination; `undefined` without affinity. */
  readonly affinity: number | undefined;
  /** Whether traffic is dropped for want of a destination: the service has destinations on other nodes only. */
  readonly isDropped: boolean;
  /** Whether the row keeps a gateway router of an earlier version from translating clients. */
  readonly skipsSnat?: boolean;
}

/** Returns how long a client of a service keeps its destination, in seconds; `undefined` without affinity. */
export function affinitySeconds({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined;
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
}

/** Returns what a service's affinity loses in OVN; `undefined` if nothing. */
export function affinityLoss(seconds: number | undefined): string | undefined {
  return seconds === undefined || seconds <= MAX_AFFINITY_SECONDS
    ? undefined
    : `sessionAffinity lasts ${MAX_AFFINITY_SECONDS} s instead of ${seconds} s, the longest that OVN takes`;
}

/**
 * Returns the options of a row (ovn-nb(5), Load_Balancer). All its virtual addresses have them, so addresses that need
 * different options are in different rows.
 *
 * - `reject` answers with a reset or "port unreachable" at a virtual address without a destination. The row has it also
 *   while there are destinations, so that an address stays in its row when they come and go.
 * - `ct_flush` makes a UDP client that goes on sending move to another destination when its own is removed. OVN
 *   does not do that together with affinity.
 * - `skip_snat` overrides `lb_force_snat_ip` of a gateway router of an earlier version: a policy `Local` and a host port
 *   keep the client's address, and a refusal must leave with the address that the client asked.
 */
export function rowOptions({ protocol, affinity, isDropped, skipsSnat }: RowPolicy): Balancer['options'] {
  return {
    ...(affinity !== undefined && { affinity_timeout: String(Math.min(affinity, MAX_AFFINITY_SECONDS)) }),
    ...(protocol === 'udp' && affinity === undefined && { ct_flush: 'true' }),
    ...(skipsSnat === true && { skip_snat: 'true' }),
    ...(!isDropped && { reject: 'true' }),
  };
}
