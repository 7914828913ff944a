import { classOfId, type PacketClass } from '../demux/classes.js';
import type { NodePort, RestrictedPort } from '../demux/state.js';
import { type Cidr, parseCidr } from '../net/cidr.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { PROTOCOL_NUMBERS, TRANSPORTS, type Transport } from '../net/ports.js';
import { classIdOf } from '../openflow/cookie.js';
import { type FieldName, formatValue, fullMask } from '../openflow/fields.js';
import { type FlowIdentity, splitKey } from '../openflow/flow.js';
import { ETH_IPV6, type Match, parseMatch } from '../openflow/match.js';
import { type Exposure, exposureOf } from './state_exposure.js';

/** The parts of an installed flow's match that say what it exposes. */
interface ReadFlow {
  readonly name: PacketClass;
  readonly address: IpAddress;
  /** `undefined` for a flow of all ports. */
  readonly port: { readonly protocol: Transport; readonly port: number } | undefined;
  /** The clients that the flow is for. */
  readonly source: string;
  readonly isDrop: boolean;
}

/** A port as its flows have it. */
interface RecoveredPort {
  readonly protocol: Transport;
  readonly port: number;
  readonly at: Set<IpAddress>;
  readonly sources: Set<string>;
  isRestricted: boolean;
}

/**
 * Returns what services exposed when the installed flows were made. A helper that starts while the API server is away
 * keeps that, with its restrictions.
 *
 * @param answersServed whether this gateway answers for served addresses. It takes over only those that it has answered
 *   for then: for the others a speaker answered, and maybe still does
 */
export function recoverExposure(installed: Iterable<FlowIdentity>, answersServed: boolean): Exposure {
  const flows = [...installed].flatMap(readFlow);
  const own = addressesOf(flows, 'echo-request');
  const ports = collect(
    flows.filter(({ name }) => name === 'node-port'),
    () => '',
  );
  const external = flows.filter(({ name }) => name === 'external');
  const answered = addressesOf(flows, 'neighbour-request');
  const restricted = collect(external, ({ address }) => address);
  return exposureOf(
    ports.map((one) => nodePortOf(one, own)),
    external
      .filter(({ port, address }) => port === undefined && (!answersServed || answered.has(address)))
      .map(({ address }) => address),
    restricted.flatMap((one) => [...one.at].map((address) => restrictedOf(one, address))),
  );
}

function addressesOf(flows: readonly ReadFlow[], wanted: PacketClass): ReadonlySet<IpAddress> {
  return new Set(flows.filter(({ name }) => name === wanted).map(({ address }) => address));
}

function nodePortOf(recovered: RecoveredPort, own: ReadonlySet<IpAddress>): NodePort {
  const { protocol, port, at, isRestricted } = recovered;
  const isEverywhere = at.size === own.size && [...at].every((ip) => own.has(ip));
  return {
    ...{ protocol, port },
    ...(isEverywhere ? {} : { at: [...at] }),
    ...(isRestricted ? { sources: sourcesOf(recovered) } : {}),
  };
}

function restrictedOf(recovered: RecoveredPort, address: IpAddress): RestrictedPort {
  const { protocol, port } = recovered;
  return { address, protocol, port, sources: sourcesOf(recovered) };
}

function sourcesOf({ sources }: RecoveredPort): Cidr[] {
  return [...sources].map(parseCidr);
}

/** Puts the flows of one port together, apart for each `groupOf`. */
function collect(flows: readonly ReadFlow[], groupOf: (flow: ReadFlow) => string): RecoveredPort[] {
  const ports = new Map<string, RecoveredPort>();
  for (const flow of flows) {
    if (flow.port === undefined) continue;
    const { protocol, port } = flow.port;
    const key = `${protocol} ${port} ${groupOf(flow)}`;
    const found = ports.get(key) ?? {
      ...{ protocol, port, isRestricted: false },
      ...{ at: new Set<IpAddress>(), sources: new Set<string>() },
    };
    ports.set(key, found);
    found.at.add(flow.address);
    if (flow.isDrop) found.isRestricted = true;
    else found.sources.add(flow.source);
  }
  return [...ports.values()];
}

/** The classes whose flows say what is exposed. */
const READ: ReadonlySet<PacketClass> = new Set([
  'node-port',
  'external',
  'echo-request',
  'neighbour-request',
]);

/** Reads a flow; returns none for a flow without an address, or of a class that exposes nothing. */
function readFlow({ cookie, key, text }: FlowIdentity): ReadFlow[] {
  const name = classOfId(classIdOf(cookie));
  if (name === undefined || !READ.has(name)) return [];
  const match = parseMatch(splitKey(key).where);
  const address = match && termOf(match, 'nw_dst', 'ipv6_dst', 'arp_tpa', 'nd_target');
  if (match === undefined || address === undefined) return [];
  const protocol = TRANSPORTS.find(
    (one) => BigInt(PROTOCOL_NUMBERS[one]) === termOf(match, 'nw_proto')?.value,
  );
  const port = termOf(match, 'tp_dst');
  return [
    {
      name,
      address: parseIp(formatValue(address.field, address.value, address.mask)),
      port: protocol && port && { protocol, port: Number(port.value) },
      source: sourceOf(match),
      isDrop: text.endsWith(' actions=drop'),
    },
  ];
}

function sourceOf(match: Match): string {
  const source = termOf(match, 'nw_src', 'ipv6_src');
  if (source === undefined)
    return termOf(match, 'dl_type')?.value === BigInt(ETH_IPV6) ? '::/0' : '0.0.0.0/0';
  const { field, value, mask } = source;
  const text = formatValue(field, value, mask);
  return mask === fullMask(field) ? `${text}/${field === 'nw_src' ? 32 : 128}` : text;
}

function termOf(match: Match, ...fields: readonly FieldName[]) {
  return match.find(({ field }) => fields.includes(field));
}
