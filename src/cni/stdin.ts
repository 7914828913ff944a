import { CniError, CODES } from './errors.js';

/** A network configuration has some hundred bytes, or some thousand with the results of a chain of plugins. */
const MAX_BYTES = 1024 * 1024;

/** Reads a stream to its end. @throws CniError if it has more bytes than a network configuration can have */
export async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new CniError(CODES.undecodable, `the network configuration has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
