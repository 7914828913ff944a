import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import { formatPortRange, type PortRange, portRangesOverlap } from '../net/ports.js';

/** A port that a socket of the host has. */
export interface HostSocket {
  readonly protocol: string;
  readonly port: number;
  /** The local address and whoever has it: `0.0.0.0:61234 of nc (pid 17)`. */
  readonly text: string;
  readonly isListening: boolean;
  /** The process that has it, where that can be seen. */
  readonly pid?: number;
}

/** Whether it is this process's own. */
export function isOwn({ pid }: HostSocket): boolean {
  return pid === process.pid;
}

export function isIn({ lo, hi }: PortRange): (socket: HostSocket) => boolean {
  return ({ port }) => port >= lo && port <= hi;
}

/**
 * Refuses a range that the host uses itself: what arrives for it goes to the pods.
 * @throws ProductError `ERR_PORTS_IN_USE` naming the ephemeral range or the sockets
 */
export function refuseUsedRange(
  range: PortRange,
  ephemeral: PortRange,
  sockets: readonly HostSocket[],
): void {
  const [first] = usesOfRange(range, ephemeral, sockets);
  if (first === undefined) return;
  const { what, remedy } = first;
  throw new ProductError(
    'ERR_PORTS_IN_USE',
    `--snat-port-range=${formatPortRange(range)}: ${what}; ${remedy} or give another range`,
  );
}

/** How the host uses ports of `range` itself, and what ends that: of its ephemeral range, then of sockets. */
export function usesOfRange(
  range: PortRange,
  ephemeral: PortRange,
  sockets: readonly HostSocket[],
): { readonly what: string; readonly remedy: string }[] {
  const used = sockets.filter(isIn(range));
  const [first] = used;
  const more = used.length > 1 ? ` and ${used.length - 1} more` : '';
  return [
    ...(portRangesOverlap(range, ephemeral)
      ? [
          {
            what: `overlaps net.ipv4.ip_local_port_range ${formatPortRange(ephemeral)}, from which the host takes its own ports`,
            remedy: 'narrow it (--reserve-host-ports does)',
          },
        ]
      : []),
    ...(first === undefined
      ? []
      : [
          {
            what: `${first.protocol} ${first.text}${more} ${first.isListening ? 'listens' : 'is connected'} there`,
            remedy: first.isListening
              ? 'stop it'
              : `restart it, with net.ipv4.ip_local_port_range ${formatPortRange(ephemeral)},`,
          },
        ]),
  ];
}

/** Every TCP and UDP socket that what arrives from outside can be for. */
export async function readHostSockets(): Promise<HostSocket[]> {
  const { stdout } = await execa('ss', ['-Hntuap'], { timeout: 5_000, stdin: 'ignore' });
  return parseSockets(stdout);
}

/** Reads the lines of `ss -Hntuap` (ss(8)). */
export function parseSockets(text: string): HostSocket[] {
  return text.split('\n').flatMap((line) => {
    const [protocol = '', state = '', , , local = '', , users = ''] = line.trim().split(/\s+/);
    const port = Number(local.slice(local.lastIndexOf(':') + 1));
    const address = local.slice(0, local.lastIndexOf(':')).replaceAll(/[[\]]/g, '');
    const isLoopback = address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
    if (!Number.isInteger(port) || local === '' || isLoopback || state === 'TIME-WAIT') return [];
    const [, program, pid] = /\(\("([^"]*)",pid=(\d+)/.exec(users) ?? [];
    const owner = program === undefined ? '' : ` of ${program} (pid ${pid})`;
    return [
      {
        protocol,
        port,
        text: `${local}${owner}`,
        isListening: state === 'LISTEN' || state === 'UNCONN',
        ...(pid === undefined ? {} : { pid: Number(pid) }),
      },
    ];
  });
}
