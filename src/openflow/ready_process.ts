import { once } from 'node:events';
import { execa, type Result, type ResultPromise } from 'execa';

/** How many processes wait: two, so that a second input during the first need not wait for a start either. */
const READY = 2;
/** While one process waits, no other is started for this long after a run: a start blocks this process for 3 ms. */
const QUIET_MS = 10;
/** `reject: false`: a failure is an outcome too. A process that writes more than 16 MiB is killed. */
const SETTINGS = { reject: false, stripFinalNewline: true, maxBuffer: 16 * 1024 * 1024 } as const;
type Child = ResultPromise<typeof SETTINGS>;
type Outcome = Result<typeof SETTINGS>;

/**
 * A command that reads its whole input before it acts, and is therefore started before there is any input. A run then
 * takes only the time of the work, not of the start.
 */
export class ReadyProcess {
  private readonly waiting: Child[] = [];
  private signal: AbortSignal | undefined;
  private later: NodeJS.Timeout | undefined;

  constructor(
    private readonly argv: readonly [string, ...string[]],
    private readonly timeoutMs: number,
  ) {}

  /** The pid of the process that gets the next input, if one waits. */
  get waitingPid(): number | undefined {
    return this.waiting[0]?.pid;
  }

  /** Keeps processes waiting until `signal` is aborted. */
  keepReady(signal: AbortSignal): void {
    this.signal = signal;
    signal.addEventListener(
      'abort',
      () => {
        // Removed at once, because a killed process may not have exited when the next input comes.
        for (const child of this.waiting.splice(0)) child.kill();
      },
      { once: true },
    );
    this.prepare();
  }

  /** Gives `input` to a waiting process, or to a new one. @returns `late` if it was killed after `timeoutMs` */
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
    // The caller continues before the next process is started.
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

/**
 * Writes `input` no faster than the child reads it. Kills the child if that fails: it must not act on half an input.
 */
async function feed(child: Child, input: Iterable<string>): Promise<void> {
  const { stdin } = child;
  try {
    for (const piece of input) if (!stdin.write(piece)) await once(stdin, 'drain');
    stdin.end();
  } catch {
    child.kill('SIGKILL');
  }
}
