import type { KubeObject } from './objects.js';

/** No name of Kubernetes has a colon. */
const POD_PREFIX = 'pod:';

/** A service that wants something only one service can have. */
export interface Contender {
  /** The service, as `NAMESPACE/NAME`, or a pod, by {@link podOwner}. */
  readonly service: string;
  /** When the service was created, in milliseconds since 1970. */
  readonly born: number;
}

/** Returns when `object` was created, in milliseconds since 1970; 0 if it does not say. */
export function bornAt(object: KubeObject | undefined): number {
  return new Date(object?.metadata?.creationTimestamp ?? 0).getTime() || 0;
}

/**
 * Returns the contender that gets what all of them want: the oldest service. Creation times have a resolution of one
 * second; of services created in the same second, the first by name gets it.
 */
export function oldest<C extends Contender>(contenders: Iterable<C>): C | undefined {
  let first: C | undefined;
  for (const one of contenders) if (first === undefined || isOlder(one, first)) first = one;
  return first;
}

/** Returns why a service does not get `what`, which the older service `owner` has. */
export function lostTo(owner: Contender, what: string): string {
  return `${what} belongs to ${ownerText(owner.service)}, which is older`;
}

/** Returns what stands for a pod where services are named: a pod with host ports competes with them. */
export function podOwner(pod: string): string {
  return `${POD_PREFIX}${pod}`;
}

/** Returns the pod that a {@link podOwner} stands for, as `NAMESPACE/NAME`; `undefined` for a service. */
export function podOfOwner(owner: string): string | undefined {
  return owner.startsWith(POD_PREFIX) ? owner.slice(POD_PREFIX.length) : undefined;
}

/** Returns the kind and the name of a service, or of the pod that an owner stands for. */
export function ownerText(owner: string): string {
  const pod = podOfOwner(owner);
  return pod === undefined ? `Service ${owner}` : `Pod ${pod}`;
}

function isOlder(one: Contender, other: Contender): boolean {
  return one.born < other.born || (one.born === other.born && one.service < other.service);
}
