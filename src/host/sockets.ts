import { execa } from 'execa';

/** A socket of the host that has a port. */
export interface HostSocket {
  readonly protocol: string;
  readonly port: number;
  /** The local address, without brackets and zone; `*`, `0.0.0.0` or `::` for any. */
  readonly address: string;
  /** The local address and the program: `0.0.0.0:61234 of nc (pid 17)`. */
  readonly text: string;
  readonly isListening: boolean;
  /** The process that owns the socket; absent if `ss` does not show it, or shows several. */
  readonly pid?: number;
}

/** Reads the host's TCP, UDP and SCTP sockets that packets from outside can reach. */
export async function readHostSockets(): Promise<HostSocket[]> {
  const { stdout } = await execa('ss', ['-HntuSap'], { timeout: 5_000, stdin: 'ignore' });
  return parseSockets(stdout);
}

/** A line of `ss -HntuSap` (ss(8)): protocol, state, two queues, local and peer address, and the processes. */
const SOCKET = /^\s*(\S+)\s+(\S+)\s+\S+\s+\S+\s+(\S+)\s+\S+(.*)$/s;

/** Parses the output of `ss -HntuSap`; omits sockets on loopback and in TIME-WAIT. */
export function parseSockets(text: string): HostSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, protocol = '', state = '', local = '', users = ''] = SOCKET.exec(line) ?? [];
    // The paths of an SCTP association are on lines of their own.
    if (protocol === '`-') return [];
    const port = Number(/:(\d{1,5})$/.exec(local)?.[1]);
    const address = local.slice(0, local.lastIndexOf(':')).replaceAll(/[[\]]|%.*$/g, '');
    const isLoopback = address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
    if (!(port <= 65_535) || isLoopback || state === 'TIME-WAIT') return [];
    const pids = pidsIn(users);
    const [, program = ''] = /\(\("([^"]*)"/.exec(users) ?? [];
    const owner = pids.length === 0 ? '' : ` of ${program} (pid ${pids.join(' or ')})`;
    return [
      {
        protocol,
        port,
        address,
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
