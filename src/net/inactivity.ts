export interface InactivityOptions {
  /**
   * How often it is looked whether anything was heard, in milliseconds: after one look without, the peer is asked for a
   * sign of life, after the next it is given up.
   */
  readonly probeMs: number;
  readonly ask: () => void;
  readonly giveUp: () => void;
}

/** A look that comes so much later than it should says that this process was away: suspended, or busy. */
const LATE = 1.5;

/**
 * Tells when a peer that says nothing is to be asked, and when it is to be given up: nothing was heard for a whole
 * interval after it was asked, in which this process was there to hear it.
 */
export class Inactivity {
  private readonly timer: NodeJS.Timeout;
  private lastLook = performance.now();
  /** Since the last look. */
  private isHeard = false;
  private isAsked = false;

  constructor(private readonly options: InactivityOptions) {
    this.timer = setInterval(() => this.look(), options.probeMs);
    this.timer.unref();
  }

  heard(): void {
    this.isHeard = true;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const { probeMs, ask, giveUp } = this.options;
    const now = performance.now();
    const isLate = now - this.lastLook > LATE * probeMs;
    this.lastLook = now;
    if (this.isHeard) {
      this.isHeard = false;
      this.isAsked = false;
    } else if (!this.isAsked || isLate) {
      this.isAsked = true;
      ask();
    } else {
      // What has come while this process did something else is read first.
      setImmediate(() => {
        if (!this.isHeard) giveUp();
      });
    }
  }
}
