/** Ticks at a fixed interval until stopped. */
export class Ticks {
  private isStopped = false;
  private wake: (() => void) | undefined;
  private due = performance.now();

  constructor(private readonly intervalMs: number) {}

  stop = (): void => {
    this.isStopped = true;
    this.wake?.();
  };

  /** Waits for the next tick. @returns `false` once stopped */
  async next(): Promise<boolean> {
    this.due = Math.max(this.due + this.intervalMs, performance.now());
    if (!this.isStopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.due - performance.now());
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return !this.isStopped;
  }
}
