import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import { formatPortRange, type PortRange, portRangesOverlap } from '../net/ports.js';

/** A socket of the host that has a port. */
export interface HostSocket {
  readonly protocol: string;
  readonly port: number;
  /** The local address and the program: `0.0.0.0:61234 of nc (pid 17)`. */
  readonly text: string;
  readonly isListening: boolean;
  /** The process that owns the socket; absent if `ss` does not show it, or shows several. */
  readonly pid?: number;
}

/** Returns whether this process owns the socket. */
export function isOwn({ pid }: HostSocket): boolean {
  return pid === process.pid;
}

/** Returns a predicate: whether a socket's port is in the range. */
export function isIn({ lo, hi }: PortRange): (socket: HostSocket) => boolean {
  return ({ port }) => port >= lo && port <= hi;
}

/**
 * Refuses a range that the host uses itself, because packets that arrive for the range go to the pods.
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

/** Returns how the host uses ports of `range`, with a remedy each: by its ephemeral range, then by sockets. */
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
            what: `overlaps net.ipv4.ip_local_port_range ${formatPortRange(ephemeral)}, the host's own ephemeral ports`,
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

/** Reads the host's TCP and UDP sockets that packets from outside can reach. */
export async function readHostSockets(): Promise<HostSocket[]> {
  const { stdout } = await execa('ss', ['-Hntuap'], { timeout: 5_000, stdin: 'ignore' });
  return parseSockets(stdout);
}

/** A line of `ss -Hntuap` (ss(8)): protocol, state, two queues, local and peer address, and the processes. */
const SOCKET = /^\s*(\S+)\s+(\S+)\s+\S+\s+\S+\s+(\S+)\s+\S+(.*)$/;

/** Parses the output of `ss -Hntuap`; omits sockets on loopback and in TIME-WAIT. */
export function parseSockets(text: string): HostSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, protocol = '', state = '', local = '', users = ''] = SOCKET.exec(line) ?? [];
    const port = Number(/:(\d{1,5})$/.exec(local)?.[1]);
    const address = local.slice(0, local.lastIndexOf(':')).replaceAll(/[[\]]/g, '');
    const isLoopback = address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
    if (!(port <= 65_535) || isLoopback || state === 'TIME-WAIT') return [];
    const pids = pidsIn(users);
    const [, program = ''] = /\(\("([^"]*)"/.exec(users) ?? [];
    const owner = pids.length === 0 ? '' : ` of ${program} (pid ${pids.join(' or ')})`;
    return [
      {
        protocol,
        port,
        text: `${local}${owner}`,
        isListening: state === 'LISTEN' || state === 'UNCONN',
        ...(pids[0] !== undefined && pids.length === 1 ? { pid: pids[0] } : {}),
      },
    ];
  });
}

/**
 * Returns the pids of a socket's processes, each once: `users:(("nc",pid=17,fd=3))`. A user chooses a program's name, of
 * at most 15 characters, which may itself be `",pid=1,fd=2)`. A socket with several pids is nobody's for certain.
 */
function pidsIn(users: string): number[] {
  return [...new Set([...users.matchAll(/",pid=(\d{1,10}),fd=\d/g)].map(([, pid]) => Number(pid)))];
}
