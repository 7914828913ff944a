import { type Cidr, formatCidr, parseCidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { parseInterfaceName } from '../net/interface_name.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { parseMac } from '../net/mac.js';
import { formatPortRange, parsePortRange, TRANSPORTS, type Transport } from '../net/ports.js';
import { type Ofport, ofportOf } from '../openflow/ofport.js';
import type { Demux, GatewayState, NodePort, RestrictedPort } from './state.js';

/** Formats a state as one JSON object. Equal states have equal text. */
export function formatState(state: GatewayState): string {
  const { served, restricted, nodePorts, ...bridgeState } = state;
  return JSON.stringify({
    ...bridgeState,
    served: [...served].sort(compare),
    restricted: [...restricted].map(formattedSources).sort(comparePorts),
    nodePorts: [...nodePorts].map(formattedSources).sort(comparePorts),
  });
}

function formattedSources<P extends { readonly sources?: readonly Cidr[] }>(port: P) {
  return port.sources === undefined ? port : { ...port, sources: port.sources.map(formatCidr) };
}

interface SortedPort {
  readonly protocol: string;
  readonly port: number;
}

function comparePorts(a: SortedPort, b: SortedPort): number {
  return compare(a.protocol, b.protocol) || a.port - b.port || compare(JSON.stringify(a), JSON.stringify(b));
}

/**
 * Reads the text of {@link formatState} and validates every value in it.
 * @throws ProductError `ERR_BAD_STATE` that names the invalid value
 */
export function parseState(text: string): GatewayState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProductError('ERR_BAD_STATE', 'the state of the gateway is not JSON', { cause: error });
  }
  try {
    const state = objectOf(value, 'the state');
    return {
      bridge: parseInterfaceName(stringOf(state.bridge, 'bridge')),
      mac: parseMac(stringOf(state.mac, 'mac')),
      phys: portOf(state.phys, 'phys'),
      patch: portOf(state.patch, 'patch'),
      otherPorts: booleanOf(state.otherPorts, 'otherPorts'),
      addresses: addressesOf(state.addresses, 'addresses'),
      answersServed: booleanOf(state.answersServed, 'answersServed'),
      served: addressesOf(state.served, 'served'),
      restricted: listOf(state.restricted, 'restricted').map(restrictedOf),
      nodePorts: listOf(state.nodePorts, 'nodePorts').map(nodePortOf),
      demux: demuxOf(state.demux),
    };
  } catch (error) {
    const help = 'ovs-appctl -t ovn-k8s-gateway-helper state/show prints it';
    throw new ProductError('ERR_BAD_STATE', `the state of the gateway cannot be read (${help})`, {
      cause: error,
    });
  }
}

function nodePortOf(value: unknown): NodePort {
  const { protocol, port, at, sources } = objectOf(value, 'nodePorts');
  return {
    protocol: transportOf(protocol, 'nodePorts'),
    port: transportPort(port),
    ...(at === undefined ? {} : { at: addressesOf(at, 'at of nodePorts') }),
    ...(sources === undefined ? {} : { sources: sourcesOf(sources, 'sources of nodePorts') }),
  };
}

function restrictedOf(value: unknown): RestrictedPort {
  const { address, protocol, port, sources } = objectOf(value, 'restricted');
  return {
    address: parseIp(stringOf(address, 'address of restricted')),
    protocol: transportOf(protocol, 'restricted'),
    port: transportPort(port),
    sources: sourcesOf(sources, 'sources of restricted'),
  };
}

function transportOf(value: unknown, name: string): Transport {
  const known = TRANSPORTS.find((one) => one === value);
  if (known === undefined) throw wrong(`protocol of ${name}`, 'tcp, udp or sctp');
  return known;
}

function addressesOf(value: unknown, name: string): IpAddress[] {
  return listOf(value, name).map((one) => parseIp(stringOf(one, name)));
}

function sourcesOf(value: unknown, name: string): Cidr[] {
  return listOf(value, name).map((one) => parseCidr(stringOf(one, name)));
}

function demuxOf(value: unknown): Demux {
  const { mode, range } = objectOf(value, 'demux');
  if (mode === 'conntrack') return { mode };
  if (mode !== 'port-range') throw wrong('mode of demux', 'conntrack or port-range');
  const { lo, hi } = objectOf(range, 'range of demux');
  const read = { lo: transportPort(lo), hi: transportPort(hi) };
  return { mode, range: parsePortRange(formatPortRange(read)) };
}

function transportPort(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw wrong('a port', '1 to 65535');
}

function portOf(value: unknown, name: string): Ofport | undefined {
  if (value === undefined || value === null) return undefined;
  const port = typeof value === 'number' && Number.isInteger(value) ? ofportOf(value) : undefined;
  if (port === undefined) throw wrong(name, 'an OpenFlow port number');
  return port;
}

function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object');
  return { ...value };
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(name, 'a list');
  return value;
}

function stringOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrong(name, 'a string');
  return value;
}

function booleanOf(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw wrong(name, 'true or false');
  return value;
}

function wrong(name: string, what: string): ProductError {
  return new ProductError('ERR_BAD_STATE', `${name} is not ${what}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
