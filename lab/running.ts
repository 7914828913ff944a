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
        else if (this.#ended) fail('ended and never said');
      };
      const timer = setTimeout(() => fail(`did not in ${withinMs} ms say`), withinMs);
      all.on('data', look).on('end', look);
      look();
    });
  }

  /** Ends it and answers its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.#subprocess.kill(signal);
    return this.exited;
  }
}
