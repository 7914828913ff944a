import { once } from 'node:events';
import type { Readable } from 'node:stream';

interface Subprocess extends PromiseLike<{ readonly exitCode?: number | undefined }> {
  readonly pid?: number | undefined;
  readonly all: Readable;
  kill(signal: NodeJS.Signals): boolean;
}

/** A program in the foreground that a test started and has not waited for. */
export class Running {
  readonly #subprocess: Subprocess;
  #output = '';
  #ended = false;

  constructor(
    readonly command: string,
    subprocess: Subprocess,
  ) {
    this.#subprocess = subprocess;
    subprocess.all.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    subprocess.all.on('end', () => {
      this.#ended = true;
    });
  }

  get pid(): number {
    if (this.#subprocess.pid === undefined) throw new Error(`${this.command} did not start`);
    return this.#subprocess.pid;
  }

  /** What it has written to standard output and standard error. */
  get output(): string {
    return this.#output;
  }

  /** Its exit code, once it ends. */
  get exited(): Promise<number> {
    return Promise.resolve(this.#subprocess).then(({ exitCode }) => exitCode ?? -1);
  }

  /** Waits until it has written something that matches. */
  async says(pattern: RegExp, withinMs = 5000): Promise<string> {
    const deadline = AbortSignal.timeout(withinMs);
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match[0];
      if (this.#ended) throw new Error(`${this.command} ended and never said ${pattern}:\n${this.#output}`);
      try {
        await Promise.race([
          once(this.#subprocess.all, 'data', { signal: deadline }),
          once(this.#subprocess.all, 'end', { signal: deadline }),
        ]);
      } catch (cause) {
        throw new Error(`${this.command} did not say ${pattern} in ${withinMs} ms:\n${this.#output}`, {
          cause,
        });
      }
    }
  }

  /** Ends it and answers its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.#subprocess.kill(signal);
    return this.exited;
  }
}
