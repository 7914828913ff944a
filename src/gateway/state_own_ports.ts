import type { NodePort } from '../demux/state.js';
import type { HostPorts } from '../host/host_port_source.js';
import type { HostSocket } from '../host/sockets.js';
import type { AddressGuard } from '../kube/address_guard.js';
import { portRefusal } from '../kube/service.js';
import type { IpAddress } from '../net/ip.js';
import { formatPortRange, type PortRange } from '../net/ports.js';
import type { Keyed } from '../openflow/keyed.js';
import { nodePortKey } from './state_exposure.js';

/**
 * A port of an address that host and gateway router share, which a service wants as an external address, or a pod as a
 * host port.
 */
export interface OwnPort {
  readonly kind: 'Service' | 'Pod';
  /** The service or pod, as `NAMESPACE/NAME`. */
  readonly owner: string;
  readonly address: IpAddress;
  /** A port at `address` alone. */
  readonly port: NodePort;
}

/** What a service or a pod is not given: its kind, its key, and the line that says what and why. */
export type Refusal = readonly [kind: OwnPort['kind'], owner: string, line: string];

export interface OwnPortFacts {
  /** `undefined` while it is not known which addresses may be served. */
  readonly guard: AddressGuard | undefined;
  /** The host's ports, read since the port was wanted; `undefined` before. */
  readonly host: HostPorts | undefined;
  /** The range of pods' connections; `undefined` without one. */
  readonly podRange: PortRange | undefined;
  readonly addresses: readonly IpAddress[];
  /** The node ports that have flows now. */
  readonly inPlace: Keyed<NodePort>;
}

/** Whether a port is served; `refused` says why not, as in "it is …". */
export interface Verdict {
  readonly isServed: boolean;
  readonly refused?: string;
}

/** The ports of the gateway's own addresses that services and pods get, and why they do not get others. */
export interface JudgedPorts {
  readonly accepted: readonly NodePort[];
  readonly refusals: readonly Refusal[];
}

/** Decides which of these ports services and pods get. Of two that want the same, the first gets it. */
export function judgeOwnPorts(wanted: readonly OwnPort[], facts: OwnPortFacts): JudgedPorts {
  const sockets = new Map<string, HostSocket[]>();
  for (const one of facts.host?.sockets ?? []) {
    const key = `${one.protocol} ${one.port}`;
    const ofPort = sockets.get(key) ?? [];
    ofPort.push(one);
    sockets.set(key, ofPort);
  }
  const owners = new Map<string, OwnPort>();
  const refusals: Refusal[] = [];
  for (const one of wanted) {
    const { kind, owner, port } = one;
    const key = nodePortKey(port);
    const verdict = judgeOwnPort(one, facts, sockets.get(everywhere(port)) ?? []);
    const first = owners.get(key);
    if (verdict.isServed && first === undefined) owners.set(key, one);
    const refused = verdict.refused ?? (first && `it belongs to ${first.kind} ${first.owner}`);
    if (refused !== undefined) refusals.push([kind, owner, refusalLine(one, refused)]);
  }
  return { accepted: [...owners.values()].map(({ port }) => port), refusals };
}

/** Returns those of `ports` that are not among `others` as ports at all addresses: their flows would be the same. */
export function besides(ports: Iterable<NodePort>, others: Keyed<NodePort>): NodePort[] {
  return [...ports].filter((port) => others.get(everywhere(port)) === undefined);
}

/** Returns the key that a port has if it is at all addresses. */
export function everywhere({ protocol, port }: Pick<NodePort, 'protocol' | 'port'>): string {
  return nodePortKey({ protocol, port });
}

/** Returns the line that says why a service or a pod does not get a port, as in "it is …". */
export function refusalLine({ kind, address, port }: OwnPort, reason: string): string {
  const name = kind === 'Pod' ? 'host port' : `external address ${address} port`;
  const where = kind === 'Pod' ? ` at ${address}` : '';
  return `${name} ${port.protocol} ${port.port}${where} is refused: ${reason}`;
}

/**
 * Decides whether a service or a pod gets a port of the gateway's own address. The host keeps the ports that it uses:
 * those of its sockets, and all that the kernel may give to its next connection. What is not known yet stays as it is.
 *
 * @param sockets the host's sockets, at least those with the port
 */
export function judgeOwnPort(
  { kind, address, port }: OwnPort,
  facts: OwnPortFacts,
  sockets = facts.host?.sockets ?? [],
): Verdict {
  const { guard, host, podRange, inPlace } = facts;
  const fixed = portRefusal(port.protocol, port.port) ?? rangeRefusal(port, podRange, 'pods');
  if (fixed !== undefined) return { isServed: false, refused: fixed };
  const isLimited = kind === 'Service';
  if (host === undefined || (isLimited && guard === undefined))
    return { isServed: [nodePortKey(port), everywhere(port)].some((key) => inPlace.get(key) !== undefined) };
  const socket = sockets.find((one) => uses(one, port, address));
  const refused =
    (isLimited ? guard?.narrowing(address) : undefined) ??
    rangeRefusal(port, host.ephemeral, 'the host') ??
    (socket && `the host uses it: ${socket.protocol} ${socket.text}`);
  return refused === undefined ? { isServed: true } : { isServed: false, refused };
}

function rangeRefusal({ port }: NodePort, range: PortRange | undefined, whose: string): string | undefined {
  if (range === undefined || port < range.lo || port > range.hi) return undefined;
  return `connections of ${whose} have the ports ${formatPortRange(range)}`;
}

/** Returns whether packets for the port of this address can reach the socket. */
function uses({ protocol, port, address }: HostSocket, wanted: NodePort, ip: IpAddress): boolean {
  if (protocol !== wanted.protocol || port !== wanted.port) return false;
  const isAny = address === '*' || address === '0.0.0.0' || address === '::';
  return isAny || address === ip || address === `::ffff:${ip}`;
}
