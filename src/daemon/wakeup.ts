/** A bell that means "look again". Any number of rings between two waits end the next wait once. */
export class Wakeup {
  private rung = false;
  private waiting: (() => void) | undefined;
  private listenedTo: AbortSignal | undefined;

  ring = (): void => {
    this.rung = true;
    this.waiting?.();
  };

  /**
   * Waits until the bell rings or has rung since the last wait, until `timeoutMs` have passed, or until `signal` is
   * aborted.
   * @returns whether it rang
   */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    this.listen(signal);
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

  /** Forgets the rings since the last wait. */
  forget(): void {
    this.rung = false;
  }

  /** Listens once for all waits: adding and removing a listener for each takes longer than the rest of a ring. */
  private listen(signal: AbortSignal): void {
    if (this.listenedTo === signal) return;
    this.listenedTo = signal;
    signal.addEventListener('abort', () => this.waiting?.(), { once: true });
  }
}
