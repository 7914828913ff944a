import { execa } from 'execa';
import { type Bundle, formatBundle } from './bundle.js';
import type { FlowChannel, FragmentMode, SwitchNews, SwitchSettings } from './channel.js';
import { formatCookieRange, OUR_COOKIES } from './cookie.js';
import { eachDumped } from './dump_reader.js';
import { BundleRefused, BundleUnknown, SwitchUnreachable } from './errors.js';
import type { InstalledFlow } from './flow.js';
import { complaintOf } from './ofctl_complaint.js';
import { refusalOf } from './ofctl_refusal.js';
import { parseShow } from './ofctl_show.js';
import { watchSwitch } from './ofctl_watch.js';
import type { Ofport } from './ofport.js';
import { OwnEcho } from './own_echo.js';
import { ReadyProcess } from './ready_process.js';

export interface OfctlOptions {
  readonly bridge: string;
  /** The directory of ovs-vswitchd's sockets. The bridge's socket is `RUNDIR/BRIDGE.mgmt`. */
  readonly rundir: string;
  /** How long one `ovs-ofctl` may take, in milliseconds. */
  readonly timeoutMs?: number;
}

/** The limit of a reply. The longest reply has about 0.5 KiB for each port of the bridge, so it is far shorter. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
/** The limit of what a process writes to standard error, of which one line is reported. */
const MAX_ERROR_BYTES = 1024 * 1024;

/**
 * Makes the channel that runs one `ovs-ofctl` process for each request and each bundle. While the channel watches the
 * switch, it starts the process for the next bundle in advance; that process waits for its input.
 */
export function ofctlChannel({ bridge, rundir, timeoutMs = 10_000 }: OfctlOptions): FlowChannel {
  const target = `unix:${rundir}/${bridge}.mgmt`;
  const echo = new OwnEcho();
  let reason: string | undefined;
  const bundles = new ReadyProcess(
    ['ovs-ofctl', '-O', 'OpenFlow14', '--bundle', '--no-names', 'add-flows', target, '-'],
    timeoutMs,
  );

  const request = async (...args: readonly string[]): Promise<string> => {
    try {
      const { stdout } = await execa('ovs-ofctl', args, {
        stdin: 'ignore',
        timeout: timeoutMs,
        maxBuffer: MAX_REPLY_BYTES,
        stripFinalNewline: true,
      });
      return stdout;
    } catch (error) {
      throw new SwitchUnreachable(bridge, complaintOf(error), { cause: error });
    }
  };

  const eachFlow = async (visit: (flow: InstalledFlow) => void, range = OUR_COOKIES): Promise<void> => {
    const cookies = `cookie=${formatCookieRange(range)}`;
    const child = execa('ovs-ofctl', ['-O', 'OpenFlow14', '--no-names', 'dump-flows', target, cookies], {
      stdin: 'ignore',
      timeout: timeoutMs,
      buffer: { stdout: false },
      maxBuffer: MAX_ERROR_BYTES,
    });
    try {
      await Promise.all([eachDumped(child.stdout.setEncoding('utf8'), visit), child]);
    } catch (error) {
      throw new SwitchUnreachable(bridge, complaintOf(error), { cause: error });
    }
  };

  return {
    eachFlow,

    async readSettings(): Promise<SwitchSettings> {
      // Only OpenFlow 1.0 has NO_FLOOD; its `show` prints the ports and the fragment mode.
      return parseShow(await request('-O', 'OpenFlow10', '--no-names', 'show', target));
    },

    async apply(bundle: Bundle): Promise<void> {
      const running = bundles.run(formatBundle(bundle));
      // Called after run(), so that the process gets its input without delay. That is early enough: no event arrives
      // before this turn of the event loop ends.
      echo.expect(bundle);
      const outcome = await running;
      if (outcome !== 'late' && !outcome.failed) return;
      echo.forget();
      if (outcome === 'late') throw new BundleUnknown(bridge, `none within ${timeoutMs} ms`);
      const why = refusalOf(String(outcome.stderr), bundle) ?? complaintOf(outcome);
      throw new BundleRefused(bridge, why, { cause: outcome });
    },

    async setFragments(mode: FragmentMode): Promise<void> {
      await request('set-frags', target, mode);
    },

    async setNoFlood(port: Ofport, noFlood: boolean): Promise<void> {
      await request('-O', 'OpenFlow10', 'mod-port', target, String(port), noFlood ? 'no-flood' : 'flood');
    },

    watch(listener: (news: SwitchNews) => void, signal: AbortSignal): void {
      bundles.keepReady(signal);
      const failed = (why: string | undefined) => {
        reason = why;
      };
      watchSwitch({ socket: `${rundir}/${bridge}.mgmt`, echo, listener, failed, signal });
    },

    describe: () => 'ofctl',
    reason: () => reason,
  };
}
