import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { sleep } from '../daemon/sleep.js';
import type { SwitchNews } from './channel.js';
import type { OwnEcho } from './own_echo.js';

/** How often a socket that refuses is tried again: an accepted connection costs a tenth of a millisecond. */
const PROBE_MS = 15;

interface Watched {
  readonly socket: string;
  /** What need not be told. */
  readonly echo: OwnEcho;
  readonly listener: (news: SwitchNews) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps an `ovs-ofctl monitor … watch:` on the switch, and tells what it hears.
 *
 * The process prints `NXST_FLOW_MONITOR reply` on standard output once the switch has taken the request,
 * then its events on standard error, and ends when the switch does (ovs-ofctl(8), "monitor"). While the
 * switch is away its socket is probed without a process, so that its return is noticed at once.
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
  // Nothing tells a monitor that whoever reads it was killed, until the next event: setpriv(1) has the kernel do it.
  const command = ['ovs-ofctl', '--unixctl=none', 'monitor', `unix:${socket}`, 'watch:!initial'];
  const child = execa('setpriv', ['--pdeathsig', 'TERM', ...command], {
    buffer: false,
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
  });
  // What an earlier monitor did not live to tell, this one will not.
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
