import { FAMILIES, familyOf, type IpAddress } from '../net/ip.js';
import { type SetName, type Sets, setOf } from './desired_sets.js';
import type { ElementChange } from './state_claims.js';

const ADDRESS_SETS = ['own', 'answering', 'nodes'] as const satisfies readonly SetName[];
const SERVICE_SETS: readonly SetName[] = [
  ...(['external', 'external_local', 'restricted', 'allowed'] as const),
  ...(['node_port', 'node_port_local', 'restricted_port', 'allowed_port'] as const),
];
const NODE_PORT_SETS: readonly SetName[] = [
  'node_port',
  'node_port_local',
  'restricted_port',
  'allowed_port',
];
const POD_SETS: readonly SetName[] = ['host_port_at', 'host_port'];

const NO_ELEMENTS: ReadonlyMap<string, string> = new Map();

/** The elements that some objects have, and which of them changed since the last step. */
export interface Part {
  readonly sets: Sets;
  readonly changes: readonly ElementChange[];
}

/** What the elements of the table come from. */
export interface SetFacts {
  readonly own: readonly IpAddress[];
  /** Those of this host's addresses that answer node ports and host ports. */
  readonly answering: readonly IpAddress[];
  /** The addresses of all hosts that answer node ports. */
  readonly nodes: readonly IpAddress[];
  /** `undefined` while the services, or who owns which address, are not known. */
  readonly services: Part | undefined;
  /** `undefined` while the node's pods are not known. */
  readonly pods: Part | undefined;
  /** Whether this host's addresses answer node ports. */
  readonly answersNodePorts: boolean;
}

/** The elements of all sets that are known. */
export interface DesiredSets {
  readonly sets: Sets;
  /** The elements that may differ from the last step; `undefined` for any. */
  readonly changes: readonly ElementChange[] | undefined;
}

/** Puts the elements of all sets together, and tells which of them may have changed since the last step. */
export class TableSets {
  private last: SetFacts | undefined;

  /** Returns the elements of the sets that are known. */
  take(facts: SetFacts): DesiredSets {
    const { last } = this;
    this.last = facts;
    const { services, pods } = facts;
    const isSame =
      last !== undefined &&
      last.services?.sets === services?.sets &&
      last.pods?.sets === pods?.sets &&
      last.answersNodePorts === facts.answersNodePorts;
    const addressChanges = ADDRESS_SETS.flatMap((name) =>
      last === undefined || last[name] === facts[name]
        ? []
        : [...facts[name], ...last[name]].map((key) => ({ set: setOf(name, familyOf(key)), key })),
    );
    return {
      sets: allSets(facts),
      changes: isSame
        ? [...addressChanges, ...(services?.changes ?? []), ...(pods?.changes ?? [])]
        : undefined,
    };
  }
}

function allSets(facts: SetFacts): Sets {
  const { services, pods, answersNodePorts } = facts;
  const sets = new Map<string, ReadonlyMap<string, string>>();
  for (const family of FAMILIES) {
    const ofFamily = (all: readonly IpAddress[]) => all.filter((address) => familyOf(address) === family);
    for (const name of ADDRESS_SETS)
      sets.set(setOf(name, family), new Map(ofFamily(facts[name]).map((address) => [address, ''])));
    const add = (names: readonly SetName[], part: Part | undefined) => {
      for (const name of part === undefined ? [] : names) {
        const set = setOf(name, family);
        const isLeftOut = !answersNodePorts && NODE_PORT_SETS.includes(name);
        sets.set(set, isLeftOut ? NO_ELEMENTS : (part?.sets.get(set) ?? NO_ELEMENTS));
      }
    };
    add(SERVICE_SETS, services);
    add(POD_SETS, pods);
  }
  return sets;
}
