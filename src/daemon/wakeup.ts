/** A bell that says "look again": rung any number of times before anyone looks, it is one reason to look. */
export class Wakeup {
  private rung = false;
  private waiting: (() => void) | undefined;
  private heeded: AbortSignal | undefined;

  ring = (): void => {
    this.rung = true;
    this.waiting?.();
  };

  /**
   * Waits until the bell rings (or has rung since the last wait), `timeoutMs` have passed, or `signal` is aborted.
   * @returns whether it rang
   */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    this.heed(signal);
    if (!this.rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.waiting = undefined;
    }
    const { rung } = this;
    this.rung = false;
    return rung;
  }

  /** Once for all waits: to listen and to stop listening takes longer than all else that a ring does. */
  private heed(signal: AbortSignal): void {
    if (this.heeded === signal) return;
    this.heeded = signal;
    signal.addEventListener('abort', () => this.waiting?.(), { once: true });
  }
}
