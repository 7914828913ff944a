import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until, when } from '../../lab/until.js';

/** A change of a bridge's flows. */
interface Change {
  readonly atMs: number;
  readonly kind: string;
  readonly cookie: string;
  /** What its flow says of `tp_dst`. */
  readonly port: number | undefined;
}

/** The tag in the cookie of every flow that is the helper's. */
export const OURS = '0x6b38';

const STAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d+): NXST_FLOW_MONITOR/;
const EVENT = /^ event=(\w+) .*?cookie=(0x[0-9a-f]+)(?: \S*\btp_dst=(\d+))?/;

/**
 * An `ovs-ofctl monitor --timestamp … watch:` that nobody but the benchmark listens to. It stamps events with
 * the wall clock in milliseconds itself, so how soon they are read here is of no matter.
 */
export class Witness {
  #changes: Change[] = [];
  #stamp = 0;
  #listens = false;

  private constructor(private readonly child: ChildProcess) {}

  /** `watch:!initial` for changes only; with `watch:` what is there already counts as added now. */
  static async open(socket: string, watch: 'watch:' | 'watch:!initial'): Promise<Witness> {
    const child = spawn('ovs-ofctl', ['--unixctl=none', 'monitor', '--timestamp', `unix:${socket}`, watch], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TZ: 'UTC' },
    });
    const witness = new Witness(child);
    // The answer to the request comes on standard output, without a stamp; events on standard error.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!witness.#listens) witness.#stamp = Date.now();
      witness.#listens = true;
      witness.#read(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => witness.#read(line));
    await until(`${socket} takes a flow monitor`, () => when(witness.#listens));
    return witness;
  }

  /** The changes of the helper's flows. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  forget(): void {
    this.#changes = [];
  }

  /** Waits until all of these flows have come, and tells when the last of them did. */
  async arrived(cookies: readonly string[]): Promise<number> {
    const arrivals = () => this.#changes.filter(({ kind }) => kind !== 'DELETED');
    await until('every flow has come', () => {
      const seen = new Set(arrivals().map(({ cookie }) => cookie));
      return when(cookies.every((cookie) => seen.has(cookie)));
    });
    return Math.max(...arrivals().map(({ atMs }) => atMs));
  }

  /** When the last deletion was heard of. */
  get lastDeletionMs(): number {
    return Math.max(...this.#changes.filter(({ kind }) => kind === 'DELETED').map(({ atMs }) => atMs));
  }

  close(): void {
    this.child.kill();
  }

  #read(line: string): void {
    const [, day, time] = STAMP.exec(line) ?? [];
    if (day !== undefined && time !== undefined) this.#stamp = Date.parse(`${day}T${time}Z`);
    const [, kind, cookie, port] = EVENT.exec(line) ?? [];
    if (kind === undefined || cookie === undefined || !cookie.startsWith(OURS)) return;
    this.#changes.push({
      atMs: this.#stamp,
      kind,
      cookie,
      port: port === undefined ? undefined : Number(port),
    });
  }
}
