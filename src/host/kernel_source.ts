import { Backoff } from '../daemon/backoff.js';
import { Kept } from '../daemon/kept.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import { type NetlinkGroup, watchNetlink } from '../native.js';
import { explainError } from '../net/errors.js';

/**
 * Milliseconds until the facts are read again: without an event (`quiet`), after a failure (`failed`, then longer), and
 * at least (`busy`, then longer while events come), because a router on the network causes an event with each
 * advertisement that it sends. No pause after a reading is longer than `most`: an address that arrives must be noticed.
 */
const AGAIN_MS = { quiet: 60_000, failed: 1_000, busy: 100, most: 5_000 } as const;

/** How many times longer than the first the pause between two reads becomes. */
const MOST_BUSY = 10;

/** The pause is this many times as long as the reading before it, or longer: a router may have a million routes. */
const PAUSE_TO_READ = 5;

export interface KernelSourceOptions<T> {
  /** What is read, which is the owner of the problem too. */
  readonly name: string;
  /** The events after which the facts are read again. */
  readonly groups: readonly NetlinkGroup[];
  readonly read: () => Promise<T>;
  /** Whether `run` reads at once; by default {@link KernelSource.read} is called before or during it. */
  readonly readsAtOnce?: boolean;
  readonly problems: Pick<Problems, 'set'>;
  /** Called when a reading gave other facts than the last one. */
  readonly changed: () => void;
  readonly watch?: typeof watchNetlink;
  readonly againMs?: Partial<Readonly<Record<keyof typeof AGAIN_MS, number>>>;
  /** The time in milliseconds. */
  readonly now?: () => number;
}

/** Events of links and addresses. */
export const ADDRESS_EVENTS: readonly NetlinkGroup[] = ['link', 'ipv4-ifaddr', 'ipv6-ifaddr'];
/** Events of links and routes. */
export const ROUTE_EVENTS: readonly NetlinkGroup[] = ['link', 'ipv4-route', 'ipv6-route'];

/** Facts that the kernel has, such as the addresses of a device. Netlink says when to read them again. */
export class KernelSource<T> implements Source {
  private readonly found = new Kept<T | undefined>(undefined);

  constructor(private readonly options: KernelSourceOptions<T>) {}

  /** The facts as they were when last read, the same value until one changes; `undefined` before. */
  get value(): T | undefined {
    return this.found.value;
  }

  /** Reads the facts now. @throws whatever the reading throws */
  async read(): Promise<void> {
    const facts = await this.options.read();
    const before = this.found.value;
    if (this.found.keep(facts) !== before) this.options.changed();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { name, groups, readsAtOnce = false, problems } = this.options;
    const { watch = watchNetlink, now = () => performance.now() } = this.options;
    const againMs = { ...AGAIN_MS, ...this.options.againMs };
    const wakeup = new Wakeup();
    const netlink = watch(groups, wakeup.ring);
    if (readsAtOnce) wakeup.ring();
    const backoff = new Backoff({ firstMs: againMs.failed });
    const pause = new Backoff({ firstMs: againMs.busy, mostMs: MOST_BUSY * againMs.busy });
    let waitMs = againMs.quiet;
    while (!signal.aborted) {
      const began = now();
      await wakeup.wait(waitMs, signal);
      if (signal.aborted) break;
      const readAt = now();
      try {
        await this.read();
        problems.set(name, []);
        backoff.reset();
        waitMs = againMs.quiet;
      } catch (error) {
        problems.set(name, [explainError(error)]);
        waitMs = backoff.next();
      }
      const ended = now();
      const least = Math.min(PAUSE_TO_READ * (ended - readAt), againMs.most);
      await sleep(Math.max(pause.next(ended - began), least), signal);
    }
    netlink.close();
  }
}
