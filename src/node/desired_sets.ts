import type { Family } from '../net/ip.js';

/** An element of a set: its key and, in a map, its value, as words with a space between. */
export interface Element {
  /** The name of a set of {@link SETS}, with the family: `external4`. */
  readonly set: string;
  readonly key: string;
  /** Empty in a set. */
  readonly value: string;
}

/** The kinds of words: an address of the set's family, a network of it, a protocol, a port. */
export type Word = 'address' | 'network' | 'protocol' | 'port';

/** A set of the table, or a map: one of each for a family. */
export interface SetShape {
  readonly key: readonly Word[];
  /** `port`, or `endpoint`: an address and a port. `undefined` for a set. */
  readonly value?: 'port' | 'endpoint';
}

/** What the sets are for: who they translate to what. */
export const SETS = {
  /** The host's own addresses. */
  own: { key: ['address'] },
  /** Those of them that answer node ports, and host ports of all addresses (`--node-port-addresses`). */
  answering: { key: ['address'] },
  /** The addresses of all hosts that answer node ports: a connection that this host opens need not go there. */
  nodes: { key: ['address'] },
  /** External addresses of services: to the address in the cluster. */
  external: { key: ['address', 'protocol', 'port'], value: 'endpoint' },
  /** The same with `externalTrafficPolicy: Local`, for clients outside: to this port of the node's router. */
  external_local: { key: ['address', 'protocol', 'port'], value: 'port' },
  /** Node ports of the host's own addresses: to the address in the cluster. */
  node_port: { key: ['protocol', 'port'], value: 'endpoint' },
  /** Node ports with `externalTrafficPolicy: Local`, for clients outside: to the same port of the node's router. */
  node_port_local: { key: ['protocol', 'port'] },
  /** Ports of external addresses that only some clients outside may use, and those clients. */
  restricted: { key: ['address', 'protocol', 'port'] },
  allowed: { key: ['network', 'address', 'protocol', 'port'] },
  /** The same for node ports. */
  restricted_port: { key: ['protocol', 'port'] },
  allowed_port: { key: ['network', 'protocol', 'port'] },
  /** Host ports of this node's pods, of one address of the host: to the pod. */
  host_port_at: { key: ['address', 'protocol', 'port'], value: 'endpoint' },
  /** Host ports of all addresses of the host: to the pod. */
  host_port: { key: ['protocol', 'port'], value: 'endpoint' },
} as const satisfies Readonly<Record<string, SetShape>>;

export type SetName = keyof typeof SETS;

/** Returns the name of a family's set. */
export function setOf(name: SetName, family: Family): string {
  return `${name}${family}`;
}

/** The elements of all sets, by set and key. */
export type Sets = ReadonlyMap<string, ReadonlyMap<string, string>>;
