import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until, when } from '../../lab/until.js';

const STAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d+): NXST_FLOW_MONITOR/;

/**
 * An `ovs-ofctl monitor --timestamp … watch:`, which passes on each line with the wall clock in milliseconds. ovs-ofctl
 * takes the time itself, so a late read does not change it.
 */
export class FlowMonitor {
  #stamp = 0;
  #listens = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly onLine: (line: string, atMs: number) => void,
  ) {}

  /** Opens a monitor. `watch:!initial` reports changes only; `watch:` also reports existing flows as added now. */
  static async open(
    socket: string,
    watch: 'watch:' | 'watch:!initial',
    onLine: (line: string, atMs: number) => void,
  ): Promise<FlowMonitor> {
    const child = spawn('ovs-ofctl', ['--unixctl=none', 'monitor', '--timestamp', `unix:${socket}`, watch], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TZ: 'UTC' },
    });
    const monitor = new FlowMonitor(child, onLine);
    // ovs-ofctl prints its answer on standard output without a stamp, and events on standard error.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!monitor.#listens) monitor.#stamp = Date.now();
      monitor.#listens = true;
      monitor.#read(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => monitor.#read(line));
    await until(`${socket} takes a flow monitor`, () => when(monitor.#listens));
    return monitor;
  }

  close(): void {
    this.child.kill();
  }

  #read(line: string): void {
    const [, day, time] = STAMP.exec(line) ?? [];
    if (day !== undefined && time !== undefined) this.#stamp = Date.parse(`${day}T${time}Z`);
    this.onLine(line, this.#stamp);
  }
}
