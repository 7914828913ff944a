import type { Socket } from 'node:net';

const MIB = 1024 * 1024;
/** How often a peer that trickles sends an octet, in milliseconds. */
export const TRICKLE_MS = 400;

/** Writes `part` again and again, as fast as the other end reads it, until the connection ends or `total` is sent. */
export function pour(peer: Socket, part: Buffer, total = Number.POSITIVE_INFINITY): void {
  let sent = 0;
  const more = () => {
    while (!peer.destroyed && sent < total) {
      sent += part.length;
      if (!peer.write(part)) return;
    }
  };
  peer.on('drain', more);
  more();
}

/** Writes `bytes` of one letter. */
export function pourLetters(peer: Socket, bytes: number): void {
  pour(peer, Buffer.alloc(MIB, 'x'), bytes);
}

/** Writes one octet of `octets` every 0.4 s, and a space for ever after them. */
export function trickle(peer: Socket, octets: Buffer): void {
  let at = 0;
  const dripping = setInterval(() => {
    peer.write(at < octets.length ? octets.subarray(at, at + 1) : ' ');
    at++;
  }, TRICKLE_MS);
  peer.once('close', () => clearInterval(dripping));
}

/** Octets that no protocol has: the same ones in each run. */
export const GARBAGE = Buffer.from(
  Array.from({ length: 64 * 1024 }, (_, i) => (i * 2_654_435_761 + (i >>> 3)) & 0xff),
);
