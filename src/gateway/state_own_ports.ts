import type { NodePort } from '../demux/state.js';
import type { HostSocket } from '../host/sockets.js';
import type { AddressGuard } from '../kube/address_guard.js';
import { portRefusal } from '../kube/service.js';
import type { IpAddress } from '../net/ip.js';
import { formatPortRange, type PortRange } from '../net/ports.js';
import type { Keyed } from '../openflow/keyed.js';
import { nodePortKey } from './state_exposure.js';

/** A port of an address that host and gateway router share, which a service wants as an external address. */
export interface OwnPort {
  readonly service: string;
  readonly address: IpAddress;
  readonly port: NodePort;
}

/** The ports that the host uses itself. */
export interface HostPorts {
  readonly sockets: readonly HostSocket[];
  readonly ephemeral: PortRange;
}

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

/** The ports of the gateway's own addresses that are served, and why others are not. */
export interface JudgedPorts {
  /** Equal ports have equal texts. */
  readonly accepted: { readonly text: string; readonly ports: ReadonlyMap<string, NodePort> };
  readonly refusals: readonly (readonly [service: string, line: string])[];
}

/**
 * Ports that the host needs also while no socket has them: those of tunnels, whose classes come before services
 * (`demux/table.ts`), and of DHCP clients, some of which open a socket only to renew a lease (RFC 2131, RFC 8415).
 */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['udp 6081', 'tunnels'],
  ['tcp 7471', 'tunnels'],
  ['udp 68', 'DHCP'],
  ['udp 546', 'DHCPv6'],
]);

/** Decides which of these ports services get. */
export function judgeOwnPorts(wanted: readonly OwnPort[], facts: OwnPortFacts): JudgedPorts {
  const { host } = facts;
  const sockets = new Map<string, HostSocket[]>();
  for (const one of host?.sockets ?? []) {
    const key = `${one.protocol} ${one.port}`;
    const ofPort = sockets.get(key) ?? [];
    ofPort.push(one);
    sockets.set(key, ofPort);
  }
  const ports = new Map<string, NodePort>();
  const refusals: (readonly [string, string])[] = [];
  for (const one of wanted) {
    const { service, address, port } = one;
    const key = nodePortKey(port);
    const ofPort = host && { ...host, sockets: sockets.get(key) ?? [] };
    const { isServed, refused } = judgeOwnPort(one, { ...facts, host: ofPort });
    if (isServed) ports.set(key, port);
    if (refused !== undefined)
      refusals.push([
        service,
        `external address ${address} port ${port.protocol} ${port.port} is refused: ${refused}`,
      ]);
  }
  return { accepted: { text: [...ports.keys()].join(), ports }, refusals };
}

/**
 * Decides whether a service gets a port of the gateway's own address. The host keeps the ports that it uses: those of
 * its sockets, and all that the kernel may give to its next connection. What is not known yet stays as it is.
 */
export function judgeOwnPort({ address, port }: OwnPort, facts: OwnPortFacts): Verdict {
  const { guard, host, podRange, addresses, inPlace } = facts;
  const fixed = portRefusal(port.port) ?? neededRefusal(port) ?? rangeRefusal(port, podRange, 'pods');
  if (fixed !== undefined) return { isServed: false, refused: fixed };
  if (guard === undefined || host === undefined)
    return { isServed: inPlace.get(nodePortKey(port)) !== undefined };
  const socket = host.sockets.find((one) => uses(one, port, addresses));
  const refused =
    guard.narrowing(address) ??
    rangeRefusal(port, host.ephemeral, 'the host') ??
    (socket && `the host uses it: ${socket.protocol} ${socket.text}`);
  return refused === undefined ? { isServed: true } : { isServed: false, refused };
}

function neededRefusal(port: NodePort): string | undefined {
  const use = NEEDED.get(nodePortKey(port));
  return use === undefined ? undefined : `it is the port of ${use}`;
}

function rangeRefusal({ port }: NodePort, range: PortRange | undefined, whose: string): string | undefined {
  if (range === undefined || port < range.lo || port > range.hi) return undefined;
  return `connections of ${whose} have the ports ${formatPortRange(range)}`;
}

/** Returns whether packets for the port of one of the addresses can reach the socket. */
function uses(
  { protocol, port, address }: HostSocket,
  wanted: NodePort,
  addresses: readonly IpAddress[],
): boolean {
  if (protocol !== wanted.protocol || port !== wanted.port) return false;
  const isAny = address === '*' || address === '0.0.0.0' || address === '::';
  return isAny || addresses.some((ip) => address === ip || address === `::ffff:${ip}`);
}
