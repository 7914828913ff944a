import { connect } from 'node:net';
import { execa } from 'execa';
import { Backoff } from '../daemon/backoff.js';
import { sleep } from '../daemon/sleep.js';
import type { SwitchNews } from './channel.js';
import { LineReader } from './line_reader.js';
import { complaintIn } from './ofctl_complaint.js';
import type { OwnEcho } from './own_echo.js';

/** How long to wait before another attempt, while nothing listens. An accepted connection costs 0.1 ms. */
const PROBE_MS = 15;
/** How long to wait after the first `ovs-ofctl monitor` that ended: a start costs 5 ms and more. */
const FIRST_MS = 15;
/** How many lines of standard error are kept to explain why a monitor ended. */
const MAX_LINES = 5;

interface Watched {
  readonly socket: string;
  /** Recognises the events of our own bundles, which are not reported. */
  readonly echo: OwnEcho;
  readonly listener: (news: SwitchNews) => void;
  /** Receives why a switch that accepts connections cannot be watched; `undefined` if it only is away, or was watched. */
  readonly failed: (why: string | undefined) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps an `ovs-ofctl monitor … watch:` running on the switch, and reports its events.
 *
 * The process prints `NXST_FLOW_MONITOR reply` on standard output once the switch has accepted the request, then
 * events on standard error, and ends when the switch ends (ovs-ofctl(8), "monitor"). While the switch is away, its
 * socket is probed without a process, so that its return is noticed at once. If the switch accepts connections and the
 * process ends all the same, the next one waits longer and longer.
 */
export function watchSwitch(watched: Watched): void {
  void keepWatching(watched);
}

async function keepWatching(watched: Watched): Promise<void> {
  const { socket, listener, failed, signal } = watched;
  const backoff = new Backoff({ firstMs: FIRST_MS });
  while (!signal.aborted) {
    if (!(await accepts(socket))) {
      failed(undefined);
      // A switch that ended and comes back is not one that refuses.
      backoff.reset();
      await sleep(PROBE_MS, signal);
      continue;
    }
    const { workedMs, why } = await monitor(watched);
    if (signal.aborted) return;
    failed(why);
    listener('down');
    await sleep(backoff.next(workedMs), signal);
  }
}

/**
 * Runs one `ovs-ofctl monitor` to its end.
 * @returns how long it watched the switch, and if it never did, why not
 */
async function monitor({
  socket,
  echo,
  listener,
  failed,
  signal,
}: Watched): Promise<{ readonly workedMs: number; readonly why: string | undefined }> {
  // A monitor whose reader was killed would run until the next event; setpriv(1) makes the kernel end it at once.
  const command = ['ovs-ofctl', '--unixctl=none', 'monitor', `unix:${socket}`, 'watch:!initial'];
  const child = execa('setpriv', ['--pdeathsig', 'TERM', ...command], {
    buffer: false,
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
  });
  // The events that an earlier monitor missed do not come from this one.
  echo.forget();
  let began: number | undefined;
  child.stdout.once('data', () => {
    began = performance.now();
    failed(undefined);
    listener('up');
  });
  const complaints: string[] = [];
  const lines = new LineReader();
  const take = (line: string) => {
    if (began === undefined && complaints.length < MAX_LINES) complaints.push(line);
    // Before `up` the line is a complaint, or an event that `up` covers.
    if (echo.isNews(line) && began !== undefined) listener('changed');
  };
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    try {
      for (const line of lines.push(chunk)) take(line);
    } catch {
      // A line that does not end is from a switch that cannot be watched.
      child.kill();
    }
  });
  const { code } = await child;
  take(lines.last());
  if (began !== undefined) return { workedMs: performance.now() - began, why: undefined };
  const missing = code === 'ENOENT' ? 'cannot run setpriv, which is in the package util-linux' : undefined;
  return { workedMs: 0, why: missing ?? complaintIn(complaints) ?? 'ovs-ofctl monitor ended at once' };
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
