import type { IpAddress } from '../net/ip.js';
import type { ClassName } from './counts.js';
import type { Talker } from './packet_capture.js';

/** How many senders are counted. Their packets are in the totals of their classes all the same. */
const MAX_TALKERS = 4_096;
/** How many of the senders that came first are compared for room; the addon's table compares as many. */
const WAYS = 8;

/**
 * The packets of each sender and class. When the table is full, a new sender replaces the lightest of the eight that
 * were compared longest ago. Senders that a host invents therefore push out each other, and not the heavy ones.
 */
export class Talkers {
  /** In the order in which they came, or were last compared. */
  private readonly known = new Map<string, Talker>();

  add(address: IpAddress | string, name: ClassName, bytes: bigint): void {
    const key = `${name} ${address}`;
    const before = this.known.get(key);
    if (before === undefined && this.known.size >= MAX_TALKERS) this.makeRoom();
    this.known.set(key, {
      address,
      class: name,
      packets: (before?.packets ?? 0n) + 1n,
      bytes: (before?.bytes ?? 0n) + bytes,
    });
  }

  /** Returns the `count` senders with the most packets, the heaviest first. */
  heaviest(count: number): readonly Talker[] {
    return [...this.known.values()].sort((a, b) => Number(b.packets - a.packets)).slice(0, count);
  }

  private makeRoom(): void {
    const compared: [string, Talker][] = [];
    for (const entry of this.known) {
      if (compared.length === WAYS) break;
      compared.push(entry);
    }
    const [lightest] = compared.reduce((one, other) => (other[1].packets < one[1].packets ? other : one));
    for (const [key, talker] of compared) {
      this.known.delete(key);
      if (key !== lightest) this.known.set(key, talker);
    }
  }
}
