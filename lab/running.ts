import type { Readable } from 'node:stream';

interface Subprocess extends PromiseLike<{ readonly exitCode?: number | undefined }> {
  readonly pid?: number | undefined;
  readonly all: Readable;
  kill(signal: NodeJS.Signals): boolean;
}

/** A program that a test started in the foreground and that may still run. */
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

  /** All that the program has written to standard output and standard error. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with the exit code when the program ends. */
  get exited(): Promise<number> {
    return Promise.resolve(this.#subprocess).then(({ exitCode }) => exitCode ?? -1);
  }

  /** Waits until the program's output matches. */
  says(pattern: RegExp, withinMs = 5000): Promise<string> {
    const { all } = this.#subprocess;
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        all.off('data', look).off('end', look);
        outcome();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`${this.command} ${why} ${pattern}:\n${this.#output}`)));
      const look = () => {
        const match = pattern.exec(this.#output);
        if (match !== null) settle(() => resolve(match[0]));
        else if (this.#ended) fail('ended without printing');
      };
      const timer = setTimeout(() => fail(`did not print within ${withinMs} ms`), withinMs);
      all.on('data', look).on('end', look);
      look();
    });
  }

  /** Stops the program and returns its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.#subprocess.kill(signal);
    return this.exited;
  }
}
