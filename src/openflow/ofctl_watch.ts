import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { sleep } from '../daemon/sleep.js';
import type { SwitchNews } from './channel.js';
import type { OwnEcho } from './own_echo.js';

/** How long to wait between attempts to connect to a switch that is away. An accepted connection costs 0.1 ms. */
const PROBE_MS = 15;

interface Watched {
  readonly socket: string;
  /** Recognises the events of our own bundles, which are not reported. */
  readonly echo: OwnEcho;
  readonly listener: (news: SwitchNews) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps an `ovs-ofctl monitor … watch:` running on the switch, and reports its events.
 *
 * The process prints `NXST_FLOW_MONITOR reply` on standard output once the switch has accepted the request, then
 * events on standard error, and ends when the switch ends (ovs-ofctl(8), "monitor"). While the switch is away, its
 * socket is probed without a process, so that its return is noticed at once.
 */
export function watchSwitch(watched: Watched): void {
  void keepWatching(watched);
}

async function keepWatching(watched: Watched): Promise<void> {
  const { socket, listener, signal } = watched;
  while (!signal.aborted) {
    if (await accepts(socket)) {
      await monitor(watched);
      if (!signal.aborted) listener('down');
    }
    await sleep(PROBE_MS, signal);
  }
}

/** Runs one `ovs-ofctl monitor` to its end. */
async function monitor({ socket, echo, listener, signal }: Watched): Promise<void> {
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
  child.stdout.once('data', () => listener('up'));
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    if (echo.isNews(line)) listener('changed');
  });
  await child;
  lines.close();
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
