/** The keys of objects to be looked at: a key that is added several times before it is taken is looked at once. */
export class KeyQueue {
  private keys = new Set<string>();
  private wake: (() => void) | undefined;

  add = (key: string): void => {
    this.keys.add(key);
    this.wake?.();
  };

  get isEmpty(): boolean {
    return this.keys.size === 0;
  }

  /** All that were added since the last time; waits until there is one, or `signal` is aborted. */
  async take(signal: AbortSignal): Promise<ReadonlySet<string>> {
    if (this.isEmpty && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = () => resolve();
        signal.addEventListener('abort', this.wake, { once: true });
      });
      if (this.wake !== undefined) signal.removeEventListener('abort', this.wake);
      this.wake = undefined;
    }
    const taken = this.keys;
    this.keys = new Set();
    return taken;
  }
}
