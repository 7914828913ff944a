import { createHash } from 'node:crypto';
import type { Cidr } from '../net/cidr.js';
import { FAMILIES, type Family, familyOf, type IpAddress } from '../net/ip.js';
import { managementAddresses, ofFamily, routerAddresses } from '../ovn/addresses.js';
import { managementNetworks } from '../ovn/management_port.js';
import { WAY_BACK_MARK } from '../ovn/way_back.js';
import {
  addressAndPort,
  DROP,
  differsFromAll,
  type Expression,
  fromAddress,
  HAS_PORT,
  inSet,
  ip,
  match,
  meta,
  network,
  PORT,
  setMark,
  toAddress,
  toEndpoint,
  toHost,
  toPortOf,
} from './nft_expressions.js';
import type { NodeState } from './state_node.js';

/** What the rules of the table depend on. */
export interface TableFacts {
  readonly state: Pick<NodeState, 'device' | 'subnets' | 'clusterSubnets' | 'serviceSubnets'>;
  /** The address of each family that the pods of the host's network have. */
  readonly first: readonly IpAddress[];
}

/** A chain of the table; a base chain has a hook. */
export interface Chain {
  readonly name: string;
  readonly base?: { readonly type: string; readonly hook: string; readonly prio: number };
}

export interface Rule {
  readonly chain: string;
  readonly expr: readonly Expression[];
}

/** The chains and rules of the table, and a text that differs if they differ. The sets are those of `SETS`. */
export interface TableRules {
  readonly chains: readonly Chain[];
  readonly rules: readonly Rule[];
  readonly version: string;
}

/** One family of the interface `k8s-NODE`. */
interface Port {
  readonly device: string;
  readonly family: Family;
  readonly management: IpAddress;
  readonly router: IpAddress;
  /** The host's own address, of the pods of its network. */
  readonly host: IpAddress | undefined;
  readonly services: readonly Cidr[];
  /** All networks that are reached by the interface. */
  readonly inside: readonly Cidr[];
}

type ChainRules = (port: Port) => readonly (readonly Expression[])[];

/** The chains in the order of the table, each with its rules for a family. */
const CHAINS: readonly (Chain & { readonly rules: ChainRules })[] = [
  { name: 'marks', base: { type: 'filter', hook: 'prerouting', prio: -150 }, rules: marks },
  { name: 'source_ranges', base: { type: 'filter', hook: 'prerouting', prio: -101 }, rules: sourceRanges },
  { name: 'arriving', base: { type: 'nat', hook: 'prerouting', prio: -100 }, rules: arriving },
  { name: 'opened_here', base: { type: 'nat', hook: 'output', prio: -100 }, rules: openedHere },
  { name: 'way_back', base: { type: 'route', hook: 'output', prio: -150 }, rules: wayBack },
  { name: 'leaving', base: { type: 'nat', hook: 'postrouting', prio: 100 }, rules: leaving },
];

/** Returns the rules of the node's nft table. */
export function tableRules({ state, first }: TableFacts): TableRules {
  const ports = FAMILIES.flatMap((family) => portOf(state, first, family));
  const chains = CHAINS.map(({ name, base }): Chain => (base === undefined ? { name } : { name, base }));
  const rules = CHAINS.flatMap(({ name, rules: rulesOf }) =>
    ports.flatMap((port) => rulesOf(port).map((expr) => ({ chain: name, expr }))),
  );
  const version = createHash('sha256')
    .update(JSON.stringify([chains, rules]))
    .digest('hex')
    .slice(0, 16);
  return { chains, rules, version };
}

function portOf(state: TableFacts['state'], first: readonly IpAddress[], family: Family): readonly Port[] {
  const management = ofFamily(managementAddresses(state.subnets), family)?.address;
  const router = ofFamily(routerAddresses(state.subnets), family)?.address;
  if (management === undefined || router === undefined) return [];
  return [
    {
      ...{ device: state.device, family, management, router },
      host: first.find((address) => familyOf(address) === family),
      services: state.serviceSubnets.filter((one) => one.family === family),
      inside: managementNetworks(state).filter((one) => one.family === family),
    },
  ];
}

/** Marks connections to the host that come by `k8s-NODE` from clients outside of the cluster. */
function marks({ device, family, management, inside }: Port): Expression[][] {
  return [
    [
      match(meta('iifname'), device),
      differsFromAll(ip(family, 'saddr'), inside.map(network)),
      match(ip(family, 'daddr'), management),
      setMark('ct', WAY_BACK_MARK),
    ],
  ];
}

/** Gives replies the mark of their connection, so that they leave by `k8s-NODE` again. */
function wayBack({ family }: Port): Expression[][] {
  return [
    [
      match(meta('nfproto'), family === 4 ? 'ipv4' : 'ipv6'),
      match({ ct: { key: 'direction' } }, 'reply'),
      match({ '&': [{ ct: { key: 'mark' } }, WAY_BACK_MARK] }, 0, '!='),
      setMark('meta', WAY_BACK_MARK),
    ],
  ];
}

/** Drops clients outside that the source ranges of a service leave out, by the addresses that they have. */
function sourceRanges({ device, family }: Port): Expression[][] {
  const outside = differsFromAll(meta('iifname'), [device, 'lo']);
  const [at, source] = [addressAndPort(family), ip(family, 'saddr')];
  return [
    [outside, inSet(at, 'restricted', family), inSet([source, ...at], 'allowed', family, '!='), DROP],
    [
      ...[outside, toHost(family, 'answering'), inSet(PORT, 'restricted_port', family)],
      ...[inSet([source, ...PORT], 'allowed_port', family, '!='), DROP],
    ],
  ];
}

/**
 * Translates packets that arrive. The management address becomes the host's own, as programs may listen on that one only.
 * What is `Local` becomes a port of the node's router for clients outside: only this node's endpoints are behind it.
 */
function arriving(port: Port): Expression[][] {
  const { device, family, management, router, host } = port;
  const inside = match(meta('iifname'), device);
  const outside = differsFromAll(meta('iifname'), [device, 'lo']);
  const toManagement = [inside, match(ip(family, 'daddr'), management), HAS_PORT];
  return [
    ...(host === undefined ? [] : [[...toManagement, toAddress(family, host)]]),
    [outside, HAS_PORT, toPortOf(family, router, addressAndPort(family), 'external_local')],
    [outside, toHost(family, 'answering'), inSet(PORT, 'node_port_local', family), toAddress(family, router)],
    ...translations(port),
  ];
}

/** Translates what this host opens: also to node ports of other nodes, which it then does not depend on. */
function openedHere(port: Port): Expression[][] {
  return translations(port, 'nodes');
}

/** Translates external addresses, node ports and host ports to an address of the cluster. */
function translations({ family }: Port, whose: 'answering' | 'nodes' = 'answering'): Expression[][] {
  const at = addressAndPort(family);
  return [
    [HAS_PORT, toEndpoint(family, at, 'external')],
    [toHost(family, whose), HAS_PORT, toEndpoint(family, PORT, 'node_port')],
    [toHost(family, 'own'), HAS_PORT, toEndpoint(family, at, 'host_port_at')],
    [toHost(family, 'answering'), HAS_PORT, toEndpoint(family, PORT, 'host_port')],
  ];
}

/** Gives what leaves for a service, or was translated, the management address: replies come back by `k8s-NODE` then. */
function leaving({ device, family, management, services }: Port): Expression[][] {
  const ours = [match(meta('oifname'), device), match(ip(family, 'saddr'), management, '!=')];
  const source = fromAddress(family, management);
  return [
    ...(services.length === 0
      ? []
      : [[...ours, match(ip(family, 'daddr'), { set: services.map(network) }), source]]),
    [...ours, match({ ct: { key: 'status' } }, 'dnat', 'in'), source],
  ];
}
