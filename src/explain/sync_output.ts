import { writeSync } from 'node:fs';

const STDOUT = 1;
/** Lines are written so many bytes at a time. */
const CHUNK_BYTES = 64 * 1024;
const RETRY_MS = 5;

/** Who reads the output has gone: `explain … | head`. */
export class ReaderGone extends Error {}

/**
 * Standard output for a program that does not get back to its event loop: libpcap reads a file to its end at one go,
 * and what is written meanwhile must neither pile up nor fail unseen.
 */
export class SyncOutput {
  private held: string[] = [];
  private heldBytes = 0;

  /** @throws ReaderGone */
  write(text: string): void {
    this.held.push(text);
    this.heldBytes += text.length;
    if (this.heldBytes >= CHUNK_BYTES) this.flush();
  }

  /** @throws ReaderGone */
  flush(): void {
    let rest = Buffer.from(this.held.join(''));
    this.held = [];
    this.heldBytes = 0;
    while (rest.length > 0) rest = rest.subarray(writeSome(rest));
  }
}

/** How much was written; nothing where a pipe that does not block is full: then after a while. */
function writeSome(bytes: Buffer): number {
  try {
    return writeSync(STDOUT, bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EPIPE') throw new ReaderGone();
    if (code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    return 0;
  }
}
