import type { Endpoint, EndpointState } from '../kube/endpoint_index.js';
import { parsePort } from '../kube/service.js';
import { type Family, familyOf, type IpAddress, parseIp } from '../net/ip.js';
import type { HostEndpoint } from './state_hosts.js';

/** An endpoint as a destination in OVN. */
export interface Destination {
  /** `IP:PORT`, or `[IP]:PORT`. */
  readonly target: string;
  readonly family: Family;
  readonly state: EndpointState;
  readonly node: string | undefined;
  readonly forNodes: readonly string[];
  readonly forZones: readonly string[];
}

/** Where traffic is balanced: on a node, in its zone if that is known. */
export interface Place {
  readonly node: string;
  readonly zone: string | undefined;
}

const RANKS: Readonly<Record<EndpointState, number>> = { ready: 2, leaving: 1, unready: 0 };
const NO_HINTS: readonly string[] = [];
const NONE: readonly Destination[] = [];

/**
 * Returns the destinations that endpoints are, each once: an endpoint that moves between slices is in both (Kubernetes,
 * "EndpointSlices", "Duplicate endpoints"). The better state counts then.
 *
 * A host's own address becomes the host's management address: gateway routers have some of these addresses themselves,
 * and drop a packet that comes back to the host which sent it.
 * @param hosts by the hosts' own addresses
 * @throws ProductError for an invalid address or port
 */
export function destinationsOf(
  endpoints: readonly Endpoint[],
  publishesNotReady: boolean,
  hosts: ReadonlyMap<string, HostEndpoint>,
): Destination[] {
  const found = new Map<string, Destination>();
  for (const { ip: text, port, node, state, forNodes = NO_HINTS, forZones = NO_HINTS } of endpoints) {
    const ip = parseIp(text);
    const host = hosts.get(ip);
    const one: Destination = {
      target: hostPort(host?.management ?? ip, parsePort(port)),
      family: familyOf(ip),
      state: publishesNotReady ? 'ready' : state,
      node: host?.node ?? node,
      forNodes,
      forZones,
    };
    const before = found.get(one.target);
    found.set(one.target, before === undefined ? one : better(before, one));
  }
  return [...found.values()];
}

/** Returns an address and a port as OVN writes them. */
export function hostPort(ip: IpAddress, port: number): string {
  return familyOf(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/**
 * Chooses among the destinations of one port in one family, as Kubernetes defines it ("Virtual IPs and Service
 * Proxies"; kube-proxy's topology.go decides the same). Each choice is made once, so that it costs nothing for the next
 * virtual address.
 */
export class Choices {
  /** The destinations for the whole cluster: those that are ready, else those that serve until they are gone. */
  readonly everywhere: readonly Destination[];
  /** Made when a policy first asks: most services have none. */
  private onNode: ReadonlyMap<string, readonly Destination[]> | undefined;
  /** The destinations with a hint for each node or zone; absent unless each destination that is ready has a hint. */
  private readonly forNode: ReadonlyMap<string, readonly Destination[]> | undefined;
  private readonly forZone: ReadonlyMap<string, readonly Destination[]> | undefined;

  constructor(private readonly all: readonly Destination[]) {
    const ready = all.every(isReady) ? all : all.filter(isReady);
    this.everywhere = ready.length > 0 ? ready : usable(all);
    this.forNode = this.hinted(ready, ({ forNodes }) => forNodes);
    this.forZone = this.hinted(ready, ({ forZones }) => forZones);
  }

  /** Whether places differ: each destination that is ready has a hint. */
  get hasHints(): boolean {
    return this.forNode !== undefined || this.forZone !== undefined;
  }

  /** Returns the destinations on one node, for a policy `Local`. */
  local(node: string): readonly Destination[] {
    this.onNode ??= new Map(
      [...grouped(this.all, (one) => (one.node === undefined ? NO_HINTS : [one.node]))].map(
        ([name, here]) => [name, usable(here)],
      ),
    );
    return this.onNode.get(node) ?? NONE;
  }

  /** Returns the destinations that hints give to a place, those for its node first; without any, those everywhere. */
  near({ node, zone }: Place): readonly Destination[] {
    const inZone = zone === undefined ? undefined : this.forZone?.get(zone);
    return this.forNode?.get(node) ?? inZone ?? this.everywhere;
  }

  /** Groups by hints, if all have one. A name that all destinations are for has the very list of those everywhere. */
  private hinted(ready: readonly Destination[], hints: (one: Destination) => readonly string[]) {
    if (ready.length === 0 || ready.some((one) => hints(one).length === 0)) return undefined;
    return new Map(
      [...grouped(ready, hints)].map(([name, near]) => [
        name,
        near.length === this.everywhere.length ? this.everywhere : near,
      ]),
    );
  }
}

const NO_CHOICES = new Choices([]);

/** Returns the choices among the destinations of one family. */
export function choicesOf(all: readonly Destination[], family: Family): Choices {
  const isOwn = (one: Destination) => one.family === family;
  const own = all.every(isOwn) ? all : all.filter(isOwn);
  return own.length === 0 ? NO_CHOICES : new Choices(own);
}

function usable(all: readonly Destination[]): readonly Destination[] {
  const ready = all.filter(isReady);
  return ready.length > 0 ? ready : all.filter(({ state }) => state === 'leaving');
}

/** Returns the destinations by each of their names. */
function grouped(all: readonly Destination[], namesOf: (one: Destination) => readonly string[]) {
  const groups = new Map<string, Destination[]>();
  for (const one of all)
    for (const name of new Set(namesOf(one))) {
      const group = groups.get(name) ?? [];
      group.push(one);
      groups.set(name, group);
    }
  return groups;
}

/** Returns the better of two of one destination. What the worse one alone says counts too, such as the node. */
function better(one: Destination, other: Destination): Destination {
  const [best, rest] = RANKS[other.state] > RANKS[one.state] ? [other, one] : [one, other];
  return best.node === undefined && rest.node !== undefined ? { ...best, node: rest.node } : best;
}

function isReady({ state }: Destination): boolean {
  return state === 'ready';
}

/** Returns the endpoints by {@link portKey}. */
export function endpointsByPort(endpoints: readonly Endpoint[]): ReadonlyMap<string, readonly Endpoint[]> {
  const found = new Map<string, Endpoint[]>();
  let [last, list]: [Endpoint | undefined, Endpoint[]] = [undefined, []];
  for (const one of endpoints) {
    // Endpoints of one port follow each other, so most need no key.
    if (last?.portName !== one.portName || last.protocol !== one.protocol) {
      const key = portKey(one.portName, one.protocol.toLowerCase());
      list = found.get(key) ?? [];
      found.set(key, list);
    }
    list.push(one);
    last = one;
  }
  return found;
}

/** Returns the text by which a port of a service and its endpoints find each other. */
export function portKey(name: string, protocol: string): string {
  return `${protocol} ${name}`;
}
