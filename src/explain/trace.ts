import { askDaemon } from '../daemon/ask.js';
import { classOfId, type PacketClass } from '../demux/classes.js';
import { ProductError } from '../net/errors.js';
import { classIdOf, isOurCookie } from '../openflow/cookie.js';
import type { CtState } from '../openflow/ct_state.js';
import { formatPort, type Ofport, parsePort } from '../openflow/ofport.js';

/** The switch's own report on a packet: its class and the ports it leaves by. */
export interface Trace {
  /** The class in the cookie of the last flow of the bridge that the packet matched; `undefined` if it is not ours. */
  readonly class: PacketClass | undefined;
  readonly output: readonly (Ofport | 'NORMAL')[];
}

/** The bridge to trace on, and how to reach its switch. */
export interface TraceTarget {
  readonly bridge: string;
  readonly rundir: string;
  readonly timeoutMs: number;
}

/** The shortest frame that ofproto/trace accepts. */
const MIN_BYTES = 14;

/**
 * Asks the running switch to trace `frame` through the bridge (`ofproto/trace`, ovs-vswitchd(8)). The switch extracts the
 * fields itself. Zeros stand for the bytes between `frame.length` and `wireLength`.
 * @throws ProductError `ERR_TRACE` if the frame is shorter than an Ethernet header; the errors of {@link askDaemon}
 */
export async function traceFrame(
  { bridge, rundir, timeoutMs }: TraceTarget,
  inPort: Ofport,
  frame: Uint8Array,
  wireLength: number,
  ct: CtState,
): Promise<Trace> {
  if (wireLength < MIN_BYTES)
    throw new ProductError(
      'ERR_TRACE',
      'the switch cannot trace a frame that is shorter than an Ethernet header',
    );
  const whole = Buffer.alloc(Math.max(wireLength, frame.length));
  whole.set(frame);
  const args = [bridge, `in_port=${formatPort(inPort)}`, whole.toString('hex'), '--ct-next', `trk,${ct}`];
  const text = await askDaemon({ program: 'ovs-vswitchd', rundir, timeoutMs }, 'ofproto/trace', args);
  return readTrace(bridge, text);
}

/** Reads the output of `ofproto/trace`. It leaves out what other bridges do with the packet after this one. */
export function readTrace(bridge: string, text: string): Trace {
  const sections = text.split(/^bridge\("/m).filter((section) => section.startsWith(`${bridge}"`));
  const lines = sections.flatMap((section) => section.split('\n'));
  const cookie = lines.flatMap((line) => / cookie (0x[0-9a-f]+)$/.exec(line)?.[1] ?? []).at(-1);
  const output = lines.flatMap((line, i): (Ofport | 'NORMAL')[] => {
    if (/^ +NORMAL$/.test(line)) return ['NORMAL'];
    const port = parsePort(/^ +(?:output:)?(\d+|LOCAL)$/.exec(line)?.[1] ?? '');
    return port === undefined || /skipping output to input port/.test(lines[i + 1] ?? '') ? [] : [port];
  });
  const decided = cookie === undefined ? 0n : BigInt(cookie);
  return { class: isOurCookie(decided) ? classOfId(classIdOf(decided)) : undefined, output };
}
