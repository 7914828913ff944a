import { ProductError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { type Clock, systemClock } from './clock.js';
import type { NeighbourMessage } from './message.js';
import type { NeighbourSocket } from './neighbour_socket.js';
import { requestFrame, sendRequest } from './request.js';

export interface ProbeOptions {
  /** MACs of this host; a message from one of them is not a conflict. */
  readonly own: ReadonlySet<MacAddress>;
  /** How many probes are sent for each address. */
  readonly times?: number;
  /** Milliseconds after each probe until the next one, or until the end. */
  readonly waitMs?: number;
  readonly clock?: Clock;
}

/** How many times as long as usual a busy interface is waited for. */
const PATIENCE = 3;

/** Another host that has, or wants, an address. */
export interface Conflict {
  readonly address: IpAddress;
  readonly mac: MacAddress;
}

/**
 * Checks whether another host has one of the addresses: sends probes (RFC 5227 section 2.1.1) and solicitations of
 * duplicate address detection (RFC 4862 section 5.4). Sends three for each address, 200 ms apart. The RFCs wait for
 * seconds because a link may still be coming up; here an operator waits, and the link is up. A frame that the interface
 * has no room for is sent later.
 * @returns for each address that has a conflict, the first one received
 * @throws ProductError as {@link NeighbourSocket}; `ERR_LINK_BUSY` if the interface has no room for long
 */
export function probe(
  socket: NeighbourSocket,
  addresses: readonly IpAddress[],
  { own, times = 3, waitMs = 200, clock = systemClock }: ProbeOptions,
): Promise<readonly Conflict[]> {
  return new Promise((fulfil, reject) => {
    const frames = addresses.map((address) => ({ frame: requestFrame(socket.mac, address), left: times }));
    const conflicts = new Map<IpAddress, Conflict>();
    let rounds = times * PATIENCE;
    let cancel = () => {};
    const stopListening = socket.listen({
      received(message) {
        const { mac } = message;
        const address = addresses.find((one) => isConflict(message, one));
        if (address === undefined || own.has(mac) || conflicts.has(address)) return;
        conflicts.set(address, { address, mac });
        if (conflicts.size === addresses.length) settle(() => fulfil([...conflicts.values()]));
      },
      failed: (error) => settle(() => reject(error)),
    });
    const settle = (outcome: () => void) => {
      stopListening();
      cancel();
      outcome();
    };
    const send = () => {
      const unsent = frames.filter(({ left }) => left > 0);
      if (unsent.length === 0) return settle(() => fulfil([...conflicts.values()]));
      if (rounds-- === 0) return settle(() => reject(tooBusy(socket.name)));
      try {
        cancel = clock.after(waitMs, send);
        for (const one of unsent) if (sendRequest(socket, one.frame) !== undefined) one.left--;
      } catch (error) {
        settle(() => reject(error));
      }
    };
    send();
  });
}

/** An address that was not asked for must not count as free. */
function tooBusy(name: string): ProductError {
  return new ProductError(
    'ERR_LINK_BUSY',
    `${name}: its queue stays full, so not every address was asked for`,
  );
}

/** Returns whether the sender of `message` has `address`, or probes for it too. */
function isConflict({ kind, target, sender }: NeighbourMessage, address: IpAddress): boolean {
  return sender === address || (target === address && (kind === 'advertisement' || sender === undefined));
}
