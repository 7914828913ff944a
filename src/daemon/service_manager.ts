import { sendDatagram } from '../native.js';
import { explainError } from '../net/errors.js';
import { printableLine } from '../net/printable.js';
import type { Log } from './log.js';

/** Three pings in the time that systemd waits for one: a late one does no harm. */
const PINGS = 3;

/** Each wait in a step of a daemon has a deadline far below this, in milliseconds: a longer step will never end. */
const MOST_STEP_MS = 120_000;

export interface ServiceManagerOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly log: Log;
  readonly send?: (socket: string, text: string) => void;
}

/**
 * Reports the daemon's state to the service manager that started it (sd_notify(3)), and pings its watchdog from the
 * event loop (sd_watchdog_enabled(3)): systemd restarts a daemon whose event loop stands still, or whose step does not
 * end. Does nothing without a service manager.
 */
export class ServiceManager {
  private readonly socket: string | undefined;
  private readonly pingMs: number | undefined;
  private pings: NodeJS.Timeout | undefined;
  private isFailing = false;
  private isStuck = false;
  private stepMs: () => number = () => 0;

  constructor(private readonly options: ServiceManagerOptions) {
    const { env, pid } = options;
    this.socket = env.NOTIFY_SOCKET || undefined;
    this.pingMs = pingInterval(env, pid);
  }

  ready(): void {
    this.tell('READY=1');
    if (this.pingMs === undefined || this.pings !== undefined) return;
    this.pings = setInterval(() => this.ping(), this.pingMs).unref();
  }

  /** Ends the pings once the current step has taken too long. @param stepMs returns its milliseconds so far */
  watch(stepMs: () => number): void {
    this.stepMs = stepMs;
  }

  /** Reports what the daemon does, for `systemctl status`. */
  status(text: string): void {
    this.tell(`STATUS=${printableLine(text)}`);
  }

  /** Whether a service manager started the daemon. */
  get isThere(): boolean {
    return this.socket !== undefined;
  }

  /** Reports that the daemon ends. The watchdog stays on, so that a daemon that hangs at its end is killed. */
  stopping(): void {
    this.tell('STOPPING=1');
  }

  /** Ends the pings. */
  close(): void {
    clearInterval(this.pings);
  }

  private ping(): void {
    const before = this.isStuck;
    this.isStuck = this.stepMs() > MOST_STEP_MS;
    if (!this.isStuck) this.tell('WATCHDOG=1');
    else if (!before)
      this.options.log.err(
        `the current step has not ended in ${MOST_STEP_MS / 1_000} s; the service manager restarts this daemon`,
      );
  }

  private tell(text: string): void {
    if (this.socket === undefined) return;
    const { log, send = sendDatagram } = this.options;
    try {
      send(this.socket, text);
      if (this.isFailing) log.info(`${this.socket} receives again`);
      this.isFailing = false;
    } catch (error) {
      // systemd itself acts on a daemon that it does not hear. A failing ping would fill the log.
      if (!this.isFailing) log.warn(`cannot send ${text} to ${this.socket}: ${explainError(error)}`);
      this.isFailing = true;
    }
  }
}

/** Returns how often to ping, in milliseconds; `undefined` if the watchdog is off or is another process's. */
function pingInterval({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const timeoutMs = Number(WATCHDOG_USEC) / 1_000;
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) return undefined;
  if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== pid) return undefined;
  return Math.max(1, Math.floor(timeoutMs / PINGS));
}
