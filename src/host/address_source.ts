import { Backoff } from '../daemon/backoff.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import { watchNetlink } from '../native.js';
import { explainError } from '../net/errors.js';

/**
 * Milliseconds until the addresses are read again: without an event (`quiet`), after a failure (`failed`, then longer),
 * and at least (`busy`, then longer while events come), because a router on the network causes an event with each
 * advertisement that it sends.
 */
const AGAIN_MS = { quiet: 60_000, failed: 1_000, busy: 100 } as const;

/** How many times longer than the first the pause between two reads becomes. */
const MOST_BUSY = 10;

export interface AddressSourceOptions<A> {
  /** Reads the addresses: with `ip address show`. */
  readonly read: () => Promise<readonly A[]>;
  readonly problems: Problems;
  readonly changed: () => void;
  readonly watch?: typeof watchNetlink;
  readonly againMs?: { readonly quiet: number; readonly failed: number; readonly busy: number };
}

/** The addresses that the kernel has on one device or more. Netlink says when to read them again. */
export class AddressSource<A> implements Source {
  private found: readonly A[] = [];

  constructor(private readonly options: AddressSourceOptions<A>) {}

  /** The addresses, as they were when last read; the same list until they are read again. */
  get addresses(): readonly A[] {
    return this.found;
  }

  /** Reads the addresses now. @throws ProductError `ERR_IP_ADDRESS` if they cannot be listed */
  async read(): Promise<void> {
    const { read, changed } = this.options;
    this.found = await read();
    changed();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { problems, watch = watchNetlink, againMs = AGAIN_MS } = this.options;
    const wakeup = new Wakeup();
    const netlink = watch(['link', 'ipv4-ifaddr', 'ipv6-ifaddr'], wakeup.ring);
    const backoff = new Backoff({ firstMs: againMs.failed });
    const pause = new Backoff({ firstMs: againMs.busy, mostMs: MOST_BUSY * againMs.busy });
    let waitMs = againMs.quiet;
    while (!signal.aborted) {
      const began = performance.now();
      await wakeup.wait(waitMs, signal);
      if (signal.aborted) break;
      try {
        await this.read();
        problems.set('addresses', []);
        backoff.reset();
        waitMs = againMs.quiet;
      } catch (error) {
        problems.set('addresses', [explainError(error)]);
        waitMs = backoff.next();
      }
      await sleep(pause.next(performance.now() - began), signal);
    }
    netlink.close();
  }
}
