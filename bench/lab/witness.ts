import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until, when } from '../../lab/until.js';

/** A change of a bridge's flows. */
interface Change {
  readonly atMs: number;
  readonly kind: string;
  readonly cookie: string;
  /** The flow's `tp_dst`. */
  readonly port: number | undefined;
}

/** The tag in the cookie of each of the helper's flows. */
export const OURS = '0x6b38';

const STAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d+): NXST_FLOW_MONITOR/;
const EVENT = /^ event=(\w+) .*?cookie=(0x[0-9a-f]+)(?: \S*\btp_dst=(\d+))?/;

/**
 * The benchmark's own `ovs-ofctl monitor --timestamp … watch:`. It stamps events with the wall clock in milliseconds
 * itself, so a late read does not change them.
 */
export class Witness {
  #changes: Change[] = [];
  #stamp = 0;
  #listens = false;

  private constructor(private readonly child: ChildProcess) {}

  /** Opens a monitor. `watch:!initial` reports changes only; `watch:` also reports existing flows as added now. */
  static async open(socket: string, watch: 'watch:' | 'watch:!initial'): Promise<Witness> {
    const child = spawn('ovs-ofctl', ['--unixctl=none', 'monitor', '--timestamp', `unix:${socket}`, watch], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TZ: 'UTC' },
    });
    const witness = new Witness(child);
    // ovs-ofctl prints its answer on standard output without a stamp, and events on standard error.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!witness.#listens) witness.#stamp = Date.now();
      witness.#listens = true;
      witness.#read(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => witness.#read(line));
    await until(`${socket} takes a flow monitor`, () => when(witness.#listens));
    return witness;
  }

  /** Returns the changes of the helper's flows. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  forget(): void {
    this.#changes = [];
  }

  /** Waits until all of these flows have been added, and returns when the last one was. */
  async arrived(cookies: readonly string[]): Promise<number> {
    const arrivals = () => this.#changes.filter(({ kind }) => kind !== 'DELETED');
    await until('every flow', () => {
      const seen = new Set(arrivals().map(({ cookie }) => cookie));
      return when(cookies.every((cookie) => seen.has(cookie)));
    });
    return Math.max(...arrivals().map(({ atMs }) => atMs));
  }

  /** The time of the last deletion. */
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
