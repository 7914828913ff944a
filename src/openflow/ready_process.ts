import { once } from 'node:events';
import { execa, type Result, type ResultPromise } from 'execa';

/** Two, so that what piles up behind the first input of many need not wait for a start either. */
const READY = 2;
/** For so long nothing else is started while one waits: a start keeps this process for 3 ms from what follows at once. */
const QUIET_MS = 10;
/** A failure is an outcome too. */
const SETTINGS = { reject: false, stripFinalNewline: true } as const;
type Child = ResultPromise<typeof SETTINGS>;
type Outcome = Result<typeof SETTINGS>;

/**
 * A command that reads its whole input before it does anything, and is started before there is any: what is
 * left to wait for, once there is, is its work and not its start.
 */
export class ReadyProcess {
  private readonly waiting: Child[] = [];
  private signal: AbortSignal | undefined;
  private later: NodeJS.Timeout | undefined;

  constructor(
    private readonly argv: readonly [string, ...string[]],
    private readonly timeoutMs: number,
  ) {}

  /** Who gets the next input, as far as one waits. */
  get waitingPid(): number | undefined {
    return this.waiting[0]?.pid;
  }

  /** From now on has some waiting, until `signal` is aborted. */
  keepReady(signal: AbortSignal): void {
    this.signal = signal;
    signal.addEventListener(
      'abort',
      () => {
        // One that is being ended may not have ended yet when the next input comes.
        for (const child of this.waiting.splice(0)) child.kill();
      },
      { once: true },
    );
    this.prepare();
  }

  /** Gives `input` to the one that waits, or to a new one; `late` when it had to be ended. */
  async run(input: Iterable<string>): Promise<Outcome | 'late'> {
    clearTimeout(this.later);
    const child = this.waiting.shift() ?? this.start();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, this.timeoutMs);
    void feed(child, input);
    const outcome = await child;
    clearTimeout(timer);
    // Who waits for this outcome goes first.
    if (this.waiting.length === 0) setImmediate(() => this.prepare());
    else this.later = setTimeout(() => this.prepare(), QUIET_MS);
    return isLate ? 'late' : outcome;
  }

  private prepare(): void {
    if (this.signal === undefined || this.signal.aborted) return;
    while (this.waiting.length < READY) {
      const child = this.start();
      this.waiting.push(child);
      child.once('exit', () => {
        const index = this.waiting.indexOf(child);
        if (index >= 0) this.waiting.splice(index, 1);
      });
    }
  }

  private start(): Child {
    const [program, ...args] = this.argv;
    return execa(program, args, SETTINGS);
  }
}

/** Gives away no more than is taken. Who ended before the end says why itself; half an input is nobody's. */
async function feed(child: Child, input: Iterable<string>): Promise<void> {
  const { stdin } = child;
  try {
    for (const piece of input) if (!stdin.write(piece)) await once(stdin, 'drain');
    stdin.end();
  } catch {
    child.kill('SIGKILL');
  }
}
