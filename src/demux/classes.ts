/**
 * The classes of packets on the gateway's bridge, in order of precedence: an earlier one wins.
 * Everything that knows about classes (priorities, cookies, counters, `explain`) derives from this list.
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

/** The number of a class in a cookie, from 1; 0 is a flow that only steers a packet to its class. */
export function classId(name: PacketClass): number {
  return CLASSES.indexOf(name) + 1;
}

export function classOfId(id: number): PacketClass | undefined {
  return CLASSES[id - 1];
}

/** Room between two classes for rules that go before others of the same class. */
const STEP = 10;

/** The priority of a class: the last one, `other`, has 0, as the NORMAL flow of a bridge without a helper. */
export function priorityOf(name: PacketClass): number {
  return STEP * (CLASSES.length - 1 - CLASSES.indexOf(name));
}
