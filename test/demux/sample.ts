import type { Demux, GatewayState } from '../../src/demux/state.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { type Ofport, ofportOf } from '../../src/openflow/ofport.js';

export const PHYS = port(1);
export const PATCH = port(2);
export const IP4 = parseIp('203.0.113.10');
export const IP6 = parseIp('2001:db8::10');
export const MAC = parseMac('0a:58:cb:00:71:0a');
export const PORT_RANGE: Demux = { mode: 'port-range', range: { lo: 61000, hi: 65535 } };
export const CONNTRACK: Demux = { mode: 'conntrack' };

/** A gateway after `gateway-init`, without services. */
export const GATEWAY: GatewayState = {
  bridge: 'breth0',
  mac: MAC,
  phys: PHYS,
  patch: PATCH,
  otherPorts: false,
  addresses: [IP4, IP6],
  answersServed: true,
  served: [],
  restricted: [],
  nodePorts: [],
  demux: PORT_RANGE,
};

export function port(number: number): Ofport {
  const ofport = ofportOf(number);
  if (ofport === undefined) throw new Error(`${number} is not a port number`);
  return ofport;
}
