import type { GatewayState } from '../demux/state.js';
import { UsageError } from '../net/errors.js';
import { familyOf, type IpAddress, ipBytes, parseIp } from '../net/ip.js';
import { type MacAddress, macBytes, parseMac } from '../net/mac.js';

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['sctp', 132],
]);
/** The length of each header in bytes. Open vSwitch reads no ports from a shorter one. */
const HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [6, 20],
  [17, 8],
  [132, 12],
]);
const ICMP = 1;
const ICMP6 = 58;
/** Echo request: RFC 792, RFC 4443 section 4.1. */
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;
/** A MAC that is not the gateway's. */
const OTHER_MAC = parseMac('02:00:00:00:00:01');

/** The Ethernet addresses of a packet; `undefined`: the default of {@link tupleFrame}. */
export interface LinkAddresses {
  readonly dst: MacAddress | undefined;
  readonly src: MacAddress | undefined;
}

/**
 * Builds the frame of a 5-tuple: `tcp 198.51.100.1:40000 203.0.113.10:30080`, `udp [2001:db8::1]:53
 * [2001:db8::10]:61000`, `icmp 198.51.100.1 203.0.113.10`, `icmp/3/1 …`, or a protocol by its number.
 *
 * The default destination of a frame from PHYS, and the default source of any other frame, is the gateway's MAC.
 * @throws UsageError if `words` are not a 5-tuple
 */
export function tupleFrame(
  words: readonly string[],
  state: GatewayState,
  isFromPhys: boolean,
  link: LinkAddresses,
): Buffer {
  const [protocol = '', source = '', target = '', ...rest] = words;
  if (target === '' || rest.length > 0)
    throw new UsageError(
      'give a packet as PROTOCOL SOURCE[:PORT] TARGET[:PORT], for example tcp 198.51.100.1:40000 203.0.113.10:80',
    );
  const [src, dst] = [endOf(source), endOf(target)];
  const family = familyOf(dst.address);
  if (familyOf(src.address) !== family)
    throw new UsageError(`${source} and ${target} are of different families`);
  const [number, payload] = transportOf(protocol, src.port, dst.port, family);
  const macs = {
    dst: link.dst ?? (isFromPhys ? state.mac : OTHER_MAC),
    src: link.src ?? (isFromPhys ? OTHER_MAC : state.mac),
  };
  const head = Buffer.from([
    ...macBytes(macs.dst),
    ...macBytes(macs.src),
    ...(family === 4 ? [8, 0] : [0x86, 0xdd]),
  ]);
  return Buffer.concat([head, ipHeader(src.address, dst.address, number, payload.length), payload]);
}

interface End {
  readonly address: IpAddress;
  readonly port: number | undefined;
}

/** Reads `ADDRESS`, `ADDRESS:PORT`, or for IPv6 `[ADDRESS]:PORT`. */
function endOf(text: string): End {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && number > 65_535) throw new UsageError(`${text} has a port above 65535`);
  try {
    return { address: parseIp(bracketed ?? plain ?? text), port: number };
  } catch (error) {
    throw new UsageError(`${text} is not ADDRESS[:PORT] (IPv6: [ADDRESS]:PORT)`, { cause: error });
  }
}

function transportOf(
  protocol: string,
  src: number | undefined,
  dst: number | undefined,
  family: 4 | 6,
): readonly [number, Buffer] {
  const [, type, code] = /^icmp(?:\/(\d{1,3}))?(?:\/(\d{1,3}))?$/.exec(protocol) ?? [];
  if (protocol.startsWith('icmp')) {
    const numbers = [Number(type ?? ECHO_REQUEST[family]), Number(code ?? 0)];
    if (!/^icmp(\/\d{1,3}){0,2}$/.test(protocol) || numbers.some((one) => one > 255))
      throw new UsageError(`${protocol} is not icmp[/TYPE[/CODE]]`);
    return [family === 4 ? ICMP : ICMP6, Buffer.from([...numbers, ...new Array<number>(22).fill(0)])];
  }
  const number = PROTOCOLS.get(protocol) ?? (/^\d{1,3}$/.test(protocol) ? Number(protocol) : 256);
  if (number > 255)
    throw new UsageError(`${protocol} is not tcp, udp, sctp, icmp[/TYPE[/CODE]] or a protocol's number`);
  const header = Buffer.alloc(HEADER_BYTES.get(number) ?? 0);
  if (header.length === 0) return [number, header];
  if (src === undefined || dst === undefined)
    throw new UsageError(`${protocol} needs ports: give ADDRESS:PORT twice`);
  header.writeUInt16BE(src, 0);
  header.writeUInt16BE(dst, 2);
  // TCP: a header of 20 bytes with SYN set. UDP: the length of the datagram.
  if (number === 6) header.writeUInt16BE(0x5002, 12);
  if (number === 17) header.writeUInt16BE(header.length, 4);
  return [number, header];
}

/** Builds the header of RFC 791 section 3.1 or RFC 8200 section 3. The checksum is 0: the packet is never sent. */
function ipHeader(src: IpAddress, dst: IpAddress, protocol: number, length: number): Buffer {
  const addresses = [...ipBytes(src), ...ipBytes(dst)];
  if (familyOf(src) === 4) {
    const header = Buffer.from([0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, ...addresses]);
    header.writeUInt16BE(header.length + length, 2);
    return header;
  }
  const header = Buffer.from([0x60, 0, 0, 0, 0, 0, protocol, 64, ...addresses]);
  header.writeUInt16BE(length, 4);
  return header;
}
