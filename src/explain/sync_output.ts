import { writeSync } from 'node:fs';

const STDOUT = 1;
/** How many bytes are collected before they are written. */
const CHUNK_BYTES = 64 * 1024;
const RETRY_MS = 5;

/** The reader of the output has closed it, as `head` does in `explain … | head`. */
export class ReaderGone extends Error {}

/**
 * Writes to standard output synchronously. libpcap reads a whole file without returning to the event loop, so an
 * asynchronous stream would keep all of the output in memory and report a failed write too late.
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

/** Returns the number of bytes written: 0 if a non-blocking pipe is full, after a pause of `RETRY_MS`. */
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
