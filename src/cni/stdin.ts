import { readSync } from 'node:fs';
import { CniError, CODES } from './errors.js';

/** A network configuration has some hundred bytes, or some thousand with the results of a chain of plugins. */
const MAX_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a descriptor to its end: without the event loop, which takes longer to start than a runtime's pipe to be read;
 * the rest from `stream` if the descriptor is in non-blocking mode and more is still to come.
 * @throws CniError if it has more bytes than a network configuration can have
 */
export async function readAll(
  descriptor: number | undefined,
  stream: () => AsyncIterable<Buffer>,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new CniError(CODES.undecodable, `the network configuration has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  };
  const isAtEnd = descriptor !== undefined && readAtOnce(descriptor, take);
  if (!isAtEnd) for await (const chunk of stream()) take(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Passes to `take` what can be read without waiting by the event loop. @returns whether that was all */
function readAtOnce(descriptor: number, take: (chunk: Buffer) => void): boolean {
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let read: number;
    try {
      read = readSync(descriptor, chunk);
    } catch {
      // EAGAIN in non-blocking mode. The stream reports any other error.
      return false;
    }
    if (read === 0) return true;
    take(chunk.subarray(0, read));
  }
}
