import { ProductError } from '../net/errors.js';
import { parseInterfaceName } from '../net/interface_name.js';
import { parseIp } from '../net/ip.js';
import { parseMac } from '../net/mac.js';
import { formatPortRange, parsePortRange, TRANSPORTS } from '../net/ports.js';
import { type Ofport, ofportOf } from '../openflow/ofport.js';
import type { Demux, GatewayState, NodePort } from './state.js';

/** Formats a state as one JSON object. Equal states have equal text. */
export function formatState(state: GatewayState): string {
  const { served, nodePorts, ...bridgeState } = state;
  const ports = [...nodePorts].sort((a, b) => compare(a.protocol, b.protocol) || a.port - b.port);
  return JSON.stringify({ ...bridgeState, served: [...served].sort(compare), nodePorts: ports });
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
      addresses: listOf(state.addresses, 'addresses').map((one) => parseIp(stringOf(one, 'addresses'))),
      served: listOf(state.served, 'served').map((one) => parseIp(stringOf(one, 'served'))),
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
  const { protocol, port } = objectOf(value, 'nodePorts');
  const known = TRANSPORTS.find((one) => one === protocol);
  if (known === undefined) throw wrong('protocol of nodePorts', 'tcp, udp or sctp');
  return { protocol: known, port: transportPort(port) };
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
