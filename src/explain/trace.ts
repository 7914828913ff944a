import { askDaemon } from '../daemon/ask.js';
import { classOfId, type PacketClass } from '../demux/classes.js';
import { ProductError } from '../net/errors.js';
import { classIdOf, isOurCookie } from '../openflow/cookie.js';
import { formatPort, type Ofport, parsePort } from '../openflow/ofport.js';

/** Connection tracking's word on a packet: of a new connection, an established or a related one. */
export const CT_STATES = ['new', 'est', 'rel'] as const;
export type CtState = (typeof CT_STATES)[number];

/** What the switch itself says that it does with a packet. */
export interface Trace {
  /** By the cookie of the last flow of the bridge that the packet met; `undefined` where that is not ours. */
  readonly class: PacketClass | undefined;
  readonly output: readonly (Ofport | 'NORMAL')[];
}

/** Where to ask. */
export interface Tracing {
  readonly bridge: string;
  readonly rundir: string;
  readonly timeoutMs: number;
}

/** The shortest frame that ofproto/trace takes. */
const MIN_BYTES = 14;

/**
 * Has the running switch trace `frame` through the bridge (ofproto/trace, ovs-vswitchd(8)): it takes it apart itself.
 * @param wireLength what is not held of it is filled with zeros
 * @throws ProductError `ERR_TRACE` for a frame without an Ethernet header, and when the switch does not answer
 */
export async function traceFrame(
  { bridge, rundir, timeoutMs }: Tracing,
  inPort: Ofport,
  frame: Uint8Array,
  wireLength: number,
  ct: CtState,
): Promise<Trace> {
  if (wireLength < MIN_BYTES)
    throw new ProductError('ERR_TRACE', 'the switch traces no frame that is shorter than an Ethernet header');
  const whole = Buffer.alloc(Math.max(wireLength, frame.length));
  whole.set(frame);
  const args = [bridge, `in_port=${formatPort(inPort)}`, whole.toString('hex'), '--ct-next', `trk,${ct}`];
  const text = await askDaemon({ program: 'ovs-vswitchd', rundir, timeoutMs }, 'ofproto/trace', args);
  return readTrace(bridge, text);
}

/** Reads what ofproto/trace prints; what other bridges do with the packet after this one is left out. */
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
