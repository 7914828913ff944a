import type { HostSocket } from '../host/sockets.js';
import { ProductError } from '../net/errors.js';
import { formatPortRange, type PortRange, portRangesOverlap } from '../net/ports.js';

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
