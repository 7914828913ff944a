/** A bell that says "look again": rung any number of times before anyone looks, it is one reason to look. */
export class Wakeup {
  private rung = false;
  private waiting: (() => void) | undefined;

  ring = (): void => {
    this.rung = true;
    this.waiting?.();
  };

  /**
   * Waits until the bell rings (or has rung since the last wait), `timeoutMs` have passed, or `signal` is aborted.
   * @returns whether it rang
   */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (!this.rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.waiting = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.waiting, { once: true });
      });
      if (this.waiting !== undefined) signal.removeEventListener('abort', this.waiting);
      this.waiting = undefined;
    }
    const { rung } = this;
    this.rung = false;
    return rung;
  }
}
