import type { KubeObject } from './objects.js';

/** An object that claims what only one object can have. */
export interface Claimant {
  /** `NAMESPACE/NAME`. */
  readonly key: string;
  /** When the object was created, in milliseconds since 1970. */
  readonly createdMs: number;
}

/** Returns when an object was created, in milliseconds since 1970; 0 for an object that does not say. */
export function createdMs({ metadata }: KubeObject): number {
  return new Date(metadata?.creationTimestamp ?? 0).getTime();
}

/**
 * Compares two claimants of the same thing: the older one, which sorts first, has it. Objects are as old as the second
 * that they were created in; within one second the key decides, so the answer never depends on the order of events.
 */
export function byAge(a: Claimant, b: Claimant): number {
  return a.createdMs - b.createdMs || (a.key < b.key ? -1 : Number(a.key > b.key));
}
