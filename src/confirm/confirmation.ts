import { randomBytes } from 'node:crypto';
import { bootTime } from '../host/boot_time.js';
import { startKeeper } from './start_keeper.js';
import { after, type Unconfirmed, type UnconfirmedStore } from './unconfirmed.js';

/** A running command that is taken back unless it is confirmed. */
export class Confirmation {
  private constructor(
    private readonly store: UnconfirmedStore,
    private readonly ms: number,
    private readonly one: Unconfirmed,
  ) {}

  /**
   * Writes down how the command is taken back, and starts the process that does it. Comes before the command's first
   * change.
   * @param ms the time to confirm, in milliseconds
   * @param what `inverse` has the arguments with which this executable takes the command back
   * @throws ProductError `ERR_JOURNAL` or `ERR_KEEPER`
   */
  static async begin(
    store: UnconfirmedStore,
    ms: number,
    what: Pick<Unconfirmed, 'command' | 'inverse' | 'nics'>,
  ): Promise<Confirmation> {
    const at = bootTime();
    const inverse = [process.argv[1] ?? '', ...what.inverse];
    const one = { ...what, inverse, id: randomBytes(4).toString('hex'), at, due: after(at, ms) };
    store.write(one);
    try {
      await startKeeper(store, one.id);
    } catch (error) {
      store.remove();
      throw error;
    }
    return new Confirmation(store, ms, one);
  }

  /** Starts the time to confirm anew, since the command has done its work. Returns what the operator must know. */
  succeeded(): string {
    this.store.write({ ...this.one, due: after(bootTime(), this.ms) });
    return `${this.one.command} is taken back in ${this.ms / 1_000} s, unless you run: ovn-k8s-util confirm`;
  }

  /** Ends the time to confirm, since the command failed and may have done a part of its work. */
  failed(): void {
    this.store.write({ ...this.one, due: bootTime() });
  }

  /** Forgets the command, since it has undone itself. */
  undone(): void {
    this.store.remove();
  }
}
