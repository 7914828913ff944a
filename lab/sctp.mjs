// One end of an SCTP association (RFC 9260): INIT, and INIT ACK or ABORT, by raw sockets. The kernel has no SCTP of its own.
import { isIPv6 } from 'node:net';
import raw from 'raw-socket';

const PROTOCOL = 132;
const CHUNK = { init: 1, initAck: 2, abort: 6 };
const STATE_COOKIE = 7;
/** A client sends its INIT again (T1-init). */
const AGAIN_MS = 300;
const EPHEMERAL = 32_768;

/** Kept, because a socket that is collected is closed. */
const sockets = new Set();

/** Answers each INIT for a port with an INIT ACK whose state cookie is `answer(CLIENT_ADDRESS)`. */
export function serveSctp(port, answer) {
  for (const family of [4, 6]) {
    const socket = open(family);
    socket.on('message', (packet, source) => {
      const received = read(packet, family);
      if (received?.chunk !== CHUNK.init || received.dst !== port) return;
      const cookie = Buffer.from(answer(source));
      const head = { src: port, dst: received.src, tag: received.initiateTag };
      send(socket, source, write(head, CHUNK.initAck, cookie));
    });
  }
}

/** Sends an INIT from a new port; resolves with the state cookie of the INIT ACK, or how else it ended. */
export function askSctp({ address, port }, attemptMs) {
  return new Promise((resolve) => {
    const socket = open(isIPv6(address) ? 6 : 4);
    const own = EPHEMERAL + Math.floor(Math.random() * 28_000);
    const tag = 1 + Math.floor(Math.random() * 0xffff_fffe);
    const init = write({ src: own, dst: port, tag: 0 }, CHUNK.init, Buffer.alloc(0), tag);
    const settle = (found) => {
      clearTimeout(late);
      clearInterval(again);
      close(socket);
      resolve(found);
    };
    const late = setTimeout(() => settle({ failure: 'silence' }), attemptMs);
    const again = setInterval(() => send(socket, address, init), AGAIN_MS);
    socket.on('message', (packet, source) => {
      const received = read(packet, isIPv6(address) ? 6 : 4);
      if (received === undefined || source !== address) return;
      if (received.src !== port || received.dst !== own) return;
      if (received.chunk === CHUNK.abort) settle({ failure: 'refused' });
      if (received.chunk === CHUNK.initAck && received.tag === tag) settle({ answer: received.cookie });
    });
    send(socket, address, init);
  });
}

function open(family) {
  const addressFamily = family === 4 ? raw.AddressFamily.IPv4 : raw.AddressFamily.IPv6;
  const socket = raw.createSocket({ protocol: PROTOCOL, addressFamily, bufferSize: 4096 });
  socket.on('error', () => undefined);
  sockets.add(socket);
  return socket;
}

function close(socket) {
  sockets.delete(socket);
  socket.close();
}

function send(socket, address, packet) {
  socket.send(packet, 0, packet.length, address, () => undefined);
}

/** Returns a packet of one chunk: INIT and INIT ACK have the same fields (RFC 9260 sections 3.3.2 and 3.3.3). */
function write({ src, dst, tag }, chunk, cookie, initiateTag = 1) {
  const parameter = cookie.length === 0 ? 0 : 4 + cookie.length;
  const packet = Buffer.alloc(32 + Math.ceil(parameter / 4) * 4);
  packet.writeUInt16BE(src, 0);
  packet.writeUInt16BE(dst, 2);
  packet.writeUInt32BE(tag, 4);
  packet.writeUInt8(chunk, 12);
  packet.writeUInt16BE(20 + parameter, 14);
  packet.writeUInt32BE(initiateTag, 16);
  packet.writeUInt32BE(65_536, 20);
  packet.writeUInt16BE(1, 24);
  packet.writeUInt16BE(1, 26);
  if (parameter > 0) {
    packet.writeUInt16BE(STATE_COOKIE, 32);
    packet.writeUInt16BE(parameter, 34);
    cookie.copy(packet, 36);
  }
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}

/** Returns what a packet says, or nothing if its checksum is wrong: a receiver drops such a packet (RFC 9260 section 6.8). */
function read(received, family) {
  // A raw socket of IPv4 receives the IP header too (raw(7)).
  const packet = Buffer.from(family === 4 ? received.subarray(4 * (received[0] & 0x0f)) : received);
  if (packet.length < 16) return undefined;
  const checksum = packet.readUInt32LE(8);
  packet.writeUInt32LE(0, 8);
  if (checksum !== crc32c(packet)) return undefined;
  const [src, dst, tag] = [packet.readUInt16BE(0), packet.readUInt16BE(2), packet.readUInt32BE(4)];
  const chunk = packet.readUInt8(12);
  const initiateTag = packet.length < 20 ? 0 : packet.readUInt32BE(16);
  const cookie = packet.length < 36 ? '' : packet.toString('utf8', 36, 32 + packet.readUInt16BE(34));
  return { src, dst, tag, chunk, initiateTag, cookie };
}

/** Returns the checksum of RFC 9260 appendix A. */
function crc32c(bytes) {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
