/**
 * The classes of packets on the gateway's bridge, in order of precedence: an earlier class wins over a later one.
 * Priorities, cookies, counters and `explain` all derive from this list.
 */
export const CLASSES = [
  'tunnel',
  'neighbour-request',
  'neighbour-reply',
  'echo-request',
  'fragment',
  'node-port',
  'external',
  'icmp',
  'pod-return',
  'management',
  'broadcast',
  'pod-out',
  'pod-drop',
  'host-out',
  'other',
] as const;

export type PacketClass = (typeof CLASSES)[number];

/** Returns the number of a class in a cookie, from 1. A flow with 0 only steers a packet to its class. */
export function classId(name: PacketClass): number {
  return CLASSES.indexOf(name) + 1;
}

export function classOfId(id: number): PacketClass | undefined {
  return CLASSES[id - 1];
}

/** The distance between the priorities of two classes, which leaves room for rules ahead of others of a class. */
const STEP = 10;

/** Returns the priority of a class. The last one, `other`, has 0, as the NORMAL flow of a bridge without a helper. */
export function priorityOf(name: PacketClass): number {
  return STEP * (CLASSES.length - 1 - CLASSES.indexOf(name));
}
