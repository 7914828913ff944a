import { until, when } from '../../lab/until.js';
import { FlowMonitor } from './flow_monitor.js';

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

const EVENT = /^ event=(\w+) .*?cookie=(0x[0-9a-f]+)(?: \S*\btp_dst=(\d+))?/;

/** The benchmark's own monitor of the helper's flows. */
export class Witness {
  #changes: Change[] = [];
  #monitor: FlowMonitor | undefined;

  private constructor() {}

  /** Opens a monitor. `watch:!initial` reports changes only; `watch:` also reports existing flows as added now. */
  static async open(socket: string, watch: 'watch:' | 'watch:!initial'): Promise<Witness> {
    const witness = new Witness();
    witness.#monitor = await FlowMonitor.open(socket, watch, (line, atMs) => witness.#read(line, atMs));
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
    this.#monitor?.close();
  }

  #read(line: string, atMs: number): void {
    const [, kind, cookie, port] = EVENT.exec(line) ?? [];
    if (kind === undefined || cookie === undefined || !cookie.startsWith(OURS)) return;
    this.#changes.push({ atMs, kind, cookie, port: port === undefined ? undefined : Number(port) });
  }
}
