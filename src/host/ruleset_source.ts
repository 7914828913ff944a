import { Backoff } from '../daemon/backoff.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import { watchNftables } from '../native.js';
import { explainError } from '../net/errors.js';

/** Milliseconds between two calls at least: another program may change its rules again and again. */
const BUSY_MS = 500;
/** Milliseconds until the first attempt to follow the kernel after a failed one. */
const FAILED_MS = 1_000;

export interface RulesetSourceOptions {
  readonly problems: Pick<Problems, 'set'>;
  /** Called when anybody has changed tables, chains, rules or sets of nftables, this process too; not for elements. */
  readonly changed: () => void;
  readonly watch?: typeof watchNftables;
}

/** Follows who changes nftables: a firewall that is loaded again may flush all tables. */
export class RulesetSource implements Source {
  constructor(private readonly options: RulesetSourceOptions) {}

  async run(signal: AbortSignal): Promise<void> {
    const { problems, watch = watchNftables } = this.options;
    const wakeup = new Wakeup();
    const backoff = new Backoff({ firstMs: FAILED_MS });
    while (!signal.aborted) {
      try {
        const watching = watch(wakeup.ring);
        problems.set('nftables', []);
        await this.follow(wakeup, signal);
        watching.close();
      } catch (error) {
        problems.set('nftables', [
          `changes of nftables are not announced: ${explainError(error)}; a flushed table is noticed later`,
        ]);
        await sleep(backoff.next(), signal);
      }
    }
  }

  private async follow(wakeup: Wakeup, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await wakeup.wait(60_000, signal)) {
        this.options.changed();
        await sleep(BUSY_MS, signal);
      }
    }
  }
}
