export interface InactivityOptions {
  /**
   * The length of an interval in milliseconds: after one without a message `ask` is called, after a second `giveUp`.
   */
  readonly probeMs: number;
  readonly ask: () => void;
  readonly giveUp: () => void;
}

/** The part of a large message, in bytes, that must come within one interval for its sender not to be silent. */
const PROGRESS_BYTES = 64 * 1024;
/** A timer that fires this many times later than set shows that this process was suspended or busy. */
const LATE = 1.5;

/**
 * Detects a silent peer: sends it a keepalive after an interval without a message, and gives it up after another one.
 * An interval in which this process was suspended or busy does not count, because it could not receive the answer.
 * Some octets of a message that does not end are silence.
 */
export class Inactivity {
  private readonly timer: NodeJS.Timeout;
  private lastCheck = performance.now();
  /** Whether a message came since the last check. */
  private hasReceived = false;
  private hasAsked = false;
  /** How many bytes of an incomplete message came since the last check. */
  private partBytes = 0;

  constructor(private readonly options: InactivityOptions) {
    this.timer = setInterval(() => this.check(), options.probeMs);
    this.timer.unref();
  }

  /** Reports a complete message. */
  received(): void {
    this.hasReceived = true;
  }

  /** Reports bytes of a message that is not complete. A slow link is not given up in the middle of a large message. */
  receivedPart(bytes: number): void {
    this.partBytes += bytes;
    if (this.partBytes >= PROGRESS_BYTES) this.hasReceived = true;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private check(): void {
    const { probeMs, ask, giveUp } = this.options;
    const now = performance.now();
    const isLate = now - this.lastCheck > LATE * probeMs;
    this.lastCheck = now;
    this.partBytes = 0;
    if (this.hasReceived) {
      this.hasReceived = false;
      this.hasAsked = false;
    } else if (!this.hasAsked || isLate) {
      this.hasAsked = true;
      ask();
    } else {
      // Messages that came while this process was busy are read first.
      setImmediate(() => {
        if (!this.hasReceived) giveUp();
      });
    }
  }
}
