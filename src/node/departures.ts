import type { Destination } from './state_destinations.js';

/** The least time between two deletions of one destination's entries, in milliseconds. */
const STEP_MS = 100;
/** The share of a departure's age that passes until the next deletion. */
const GROWTH = 1 / 5;
/** The share of the time that deletions may take. Most of it is the start of processes, which a busy machine delays. */
const MOST_OF_TIME = 1 / 2;
/** How long ovn-controller may take to change its flows, in milliseconds. OVN 23.03 takes seconds for 10,000 services. */
const LAST_MS = 60_000;

interface Departure {
  readonly destination: Destination;
  readonly since: number;
  readonly due: number;
}

/**
 * The destinations that left. Their entries are deleted again and again for a minute: until the switch has its new
 * flows, each datagram to the virtual address may make an entry of the earlier destination.
 */
export class Departures {
  private readonly waiting = new Map<string, Departure>();

  /** Adds destinations, due at once. */
  add(destinations: readonly Destination[], now: number): void {
    for (const destination of destinations)
      this.waiting.set(keyOf(destination), { destination, since: now, due: now });
  }

  has(destination: Destination): boolean {
    return this.waiting.has(keyOf(destination));
  }

  /** Returns the destinations that are due, and forgets those that are back. */
  due(now: number, isBack: (destination: Destination) => boolean): Destination[] {
    return [...this.waiting].flatMap(([key, { destination, due }]) => {
      if (!isBack(destination)) return due <= now ? [destination] : [];
      this.waiting.delete(key);
      return [];
    });
  }

  /** Plans the next deletion of these destinations, after one that took `tookMs`. */
  postpone(destinations: readonly Destination[], now: number, tookMs: number): void {
    for (const destination of destinations) {
      const found = this.waiting.get(keyOf(destination));
      if (found === undefined) continue;
      const age = now - found.since;
      const due = now + Math.max(STEP_MS, age * GROWTH, tookMs / MOST_OF_TIME);
      if (age > LAST_MS) this.waiting.delete(keyOf(destination));
      else this.waiting.set(keyOf(destination), { ...found, due });
    }
  }

  /** Returns how many milliseconds pass until a destination is due; `undefined` if none is waiting. */
  wait(now: number): number | undefined {
    const dues = [...this.waiting.values()].map(({ due }) => due);
    return dues.length === 0 ? undefined : Math.max(0, dues.reduce((a, b) => Math.min(a, b)) - now);
  }
}

function keyOf({ vip, endpoint }: Destination): string {
  return `${vip} ${endpoint}`;
}
