import { execa, type Result, type ResultPromise } from 'execa';

/** A failure is an outcome too. */
const SETTINGS = { reject: false, stripFinalNewline: true } as const;
type Child = ResultPromise<typeof SETTINGS>;
type Outcome = Result<typeof SETTINGS>;

/**
 * A command that reads its whole input before it does anything, and is started before there is any: what is
 * left to wait for, once there is, is its work and not its start.
 */
export class ReadyProcess {
  private waiting: Child | undefined;
  private signal: AbortSignal | undefined;

  constructor(
    private readonly argv: readonly [string, ...string[]],
    private readonly timeoutMs: number,
  ) {}

  /** Who waits now. */
  get waitingPid(): number | undefined {
    return this.waiting?.pid;
  }

  /** From now on has one waiting, until `signal` is aborted. */
  keepReady(signal: AbortSignal): void {
    this.signal = signal;
    signal.addEventListener('abort', () => this.waiting?.kill(), { once: true });
    this.prepare();
  }

  /** Gives `input` to the one that waits, or to a new one; `late` when it had to be ended. */
  async run(input: string): Promise<Outcome | 'late'> {
    const child = this.waiting ?? this.start();
    this.waiting = undefined;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, this.timeoutMs);
    child.stdin.end(input);
    const outcome = await child;
    clearTimeout(timer);
    // Who waits for this outcome goes first.
    setImmediate(() => this.prepare());
    return isLate ? 'late' : outcome;
  }

  private prepare(): void {
    if (this.waiting !== undefined || this.signal === undefined || this.signal.aborted) return;
    const child = this.start();
    this.waiting = child;
    child.once('exit', () => {
      if (this.waiting === child) this.waiting = undefined;
    });
  }

  private start(): Child {
    const [program, ...args] = this.argv;
    return execa(program, args, SETTINGS);
  }
}
