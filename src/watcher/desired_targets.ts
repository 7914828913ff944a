import { STEPS } from '../daemon/turns.js';
import type { Vip } from './desired_balancer.js';
import type { Destination } from './desired_endpoints.js';

/** A virtual address whose destinations are not yet a text. */
export interface Draft extends Omit<Vip, 'targets'> {
  readonly destinations: readonly Destination[];
}

/** Returns how many destinations all virtual addresses have together. */
export function countOf(drafts: readonly Draft[]): number {
  return drafts.reduce((sum, { destinations }) => sum + destinations.length, 0);
}

/** Writes the destinations of each virtual address as OVN has them; the same destinations are one text. */
export function* withTexts(drafts: readonly Draft[]): Generator<void, Vip[]> {
  const texts = new Map<readonly Destination[], string>();
  const vips: Vip[] = [];
  for (const { balancer, vip, destinations, isNodePort = false } of drafts) {
    let targets = texts.get(destinations);
    if (targets === undefined) {
      targets = destinations.map(({ target }) => target).join(',');
      texts.set(destinations, targets);
    }
    vips.push({ balancer, vip, targets, isNodePort });
    if (vips.length % STEPS === 0) yield;
  }
  return vips;
}
