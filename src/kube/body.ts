import type { IncomingMessage } from 'node:http';
import type { Garbage } from './garbage.js';
import { JsonBounds } from './json_bounds.js';

/** The largest answer that is read: a page of a list, or an object. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** Of larger answers one is read at a time, so that several do not take the memory of all. */
const LARGE_BYTES = 4 * 1024 * 1024;
/** An answer that stops arriving for this long is given up, in milliseconds. */
const IDLE_MS = 10_000;

/** An answer that exceeds a bound. */
export class Excess extends Error {
  override readonly name = 'Excess';
}

/** Lets one large answer through at a time. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn; the caller then ends its turn with the function that it got. */
  async take(): Promise<() => void> {
    const before = this.last;
    let end: () => void = () => undefined;
    this.last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }
}

/**
 * Reads a response to its end. Closes the connection as soon as the response exceeds a bound.
 * @throws Excess; Error if the response breaks off or stops arriving
 */
export async function readBody(
  response: IncomingMessage,
  turns: Turns,
  garbage: Garbage,
  idleMs: number = IDLE_MS,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const bounds = new JsonBounds();
  let size = 0;
  let endTurn: (() => void) | undefined;
  const stop = () => response.destroy(new Error(`nothing received for ${idleMs} ms`));
  let idle = setTimeout(stop, idleMs);
  try {
    // No request asks for compression, so that a small answer cannot become a large one.
    const encoding = response.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw new Excess(`the answer is compressed (${encoding.slice(0, 20)})`);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      clearTimeout(idle);
      size += chunk.length;
      chunks.push(chunk);
      const why = size > MAX_BODY_BYTES ? `has more than ${MAX_BODY_BYTES} bytes` : bounds.push(chunk);
      if (why !== undefined) throw new Excess(`the answer ${why}`);
      if (size > LARGE_BYTES) endTurn ??= await turns.take();
      idle = setTimeout(stop, idleMs);
    }
    garbage.add({ bytes: size, values: bounds.count });
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(idle);
    response.destroy();
    endTurn?.();
  }
}
