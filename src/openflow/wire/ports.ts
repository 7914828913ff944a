import { LOCAL, type Ofport, ofportOf } from '../ofport.js';
import { Type10 } from './message.js';
import { beginRequest, Part, type Reply } from './multipart.js';
import type { WireWriter } from './writer.js';

/** `OFPPC_NO_FLOOD`, a flag of OpenFlow 1.0 only (OpenFlow 1.0.1 section 5.2.1). */
const NO_FLOOD = 1 << 4;

/** A port, as OpenFlow 1.0 describes it. */
export interface PortDescription {
  readonly port: Ofport;
  /** The Ethernet address of the port, which a request that changes the port must repeat. */
  readonly address: bigint;
  readonly noFlood: boolean;
}

export function writePortsRequest(out: WireWriter, xid: number): void {
  out.end(beginRequest(out, xid, Part.portDescription));
}

/**
 * Reads the ports of one message of the reply: `number | address 6 | name 16 | config | state | 16 octets`.
 * @throws MalformedMessage
 */
export function readPorts({ body }: Reply): PortDescription[] {
  const ports: PortDescription[] = [];
  while (body.remaining > 0) {
    const port = ofportOf(body.u16());
    const address = body.number(6);
    body.skip(16);
    const noFlood = (body.u32() & NO_FLOOD) !== 0;
    body.skip(20);
    if (port !== undefined) ports.push({ port, address, noFlood });
  }
  return ports;
}

/** Writes a request that sets or clears "no flood" of one port. */
export function writeNoFlood(
  out: WireWriter,
  xid: number,
  { port, address }: PortDescription,
  on: boolean,
): void {
  const start = out.begin(Type10.portMod, xid);
  out.u16(port);
  out.number(address, 6);
  out.u32(on ? NO_FLOOD : 0);
  out.u32(NO_FLOOD);
  out.u32(0); // Leaves the advertised features as they are.
  out.u32(0);
  out.end(start);
}

/** Returns the ports other than LOCAL to which NORMAL and FLOOD do not send. */
export function noFloodOf(ports: readonly PortDescription[]): Set<Ofport> {
  return new Set(ports.filter(({ port, noFlood }) => noFlood && port !== LOCAL).map(({ port }) => port));
}
