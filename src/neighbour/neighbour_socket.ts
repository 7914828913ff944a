// ARP (RFC 826) and neighbour discovery (RFC 4861): what hosts of one Ethernet network say about their addresses.
// arp.ts and discovery.ts build and parse frames; this file sends and receives them on one interface.
// resolve.ts, probe.ts and announce.ts are the conversations; address_conflicts.ts and router_book.ts remember what was received.
import { constants } from 'node:os';
import { openPacketSocket, type PacketEvents, type PacketSocket } from '../native.js';
import type { ErrorCode } from '../net/error_codes.js';
import { ProductError } from '../net/errors.js';
import { type MacAddress, macOfBytes } from '../net/mac.js';
import { decodeMessage } from './decode.js';
import type { NeighbourMessage } from './message.js';

/** Receives what arrives on a {@link NeighbourSocket}. */
export interface Listener {
  /** `at` is when the kernel received the message, in milliseconds since 1970. */
  received(message: NeighbourMessage, at: number): void;
  /** The interface went down or away; nothing more is received. */
  failed(error: ProductError): void;
}

/** Opens the packet socket of an interface. */
export type OpenSocket = (name: string, events: PacketEvents) => PacketSocket;

/** Sends and receives neighbour messages on one Ethernet interface. Any number of listeners share it. */
export class NeighbourSocket {
  readonly mac: MacAddress;
  private readonly socket: PacketSocket;
  private readonly listeners = new Set<Listener>();

  /** @throws ProductError `ERR_NO_NET_RAW`, `ERR_NO_INTERFACE`, `ERR_NOT_ETHERNET`, `ERR_LINK_DOWN` */
  constructor(
    readonly name: string,
    open: OpenSocket = openPacketSocket,
  ) {
    this.socket = withSocketErrors(name, () =>
      open(name, {
        received: (frames, lengths, times) => this.receive(frames, lengths, times),
        failed: (errno) => this.fail(socketError(name, errno)),
      }),
    );
    this.mac = macOfBytes(this.socket.address);
  }

  /**
   * Sends frames of `size` bytes each; returns when the first one left, in milliseconds since 1970.
   * @throws ProductError `ERR_LINK_BUSY` if the interface's queue is full, `ERR_LINK_DOWN`, `ERR_NO_INTERFACE`
   */
  send(frames: Buffer, size = frames.length): number {
    return withSocketErrors(this.name, () => this.socket.send(frames, size));
  }

  /** Passes everything that arrives to `listener`; returns the function that stops it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.listeners.clear();
    this.socket.close();
  }

  private receive(frames: Buffer, lengths: readonly number[], times: readonly number[]): void {
    let start = 0;
    for (const [index, length] of lengths.entries()) {
      const message = decodeMessage(frames.subarray(start, start + length));
      start += length;
      if (message === undefined) continue;
      for (const listener of [...this.listeners]) listener.received(message, times[index] ?? 0);
    }
  }

  private fail(error: ProductError): void {
    for (const listener of [...this.listeners]) listener.failed(error);
  }
}

function withSocketErrors<T>(name: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) throw error;
    throw socketError(name, error.errno, error);
  }
}

function socketError(name: string, errno: number, cause?: Error): ProductError {
  const { EPERM, ENODEV, ENXIO, ENETDOWN, ENOBUFS, EPROTOTYPE } = constants.errno;
  const error = (code: ErrorCode, why: string) => new ProductError(code, `${name}${why}`, { cause });
  switch (errno) {
    case EPERM:
      return new ProductError(
        'ERR_NO_NET_RAW',
        `${name}: ARP and neighbour discovery need CAP_NET_RAW, which this process does not have; run it as root`,
      );
    case ENODEV:
    case ENXIO:
      return new ProductError(
        'ERR_NO_INTERFACE',
        `there is no interface ${name}; ip link lists the interfaces`,
      );
    case EPROTOTYPE:
      return new ProductError(
        'ERR_NOT_ETHERNET',
        `${name} is not an Ethernet device, so it has no neighbours`,
      );
    case ENETDOWN:
      return new ProductError('ERR_LINK_DOWN', `${name} is down or has gone; run ip link set ${name} up`);
    case ENOBUFS:
      return error('ERR_LINK_BUSY', ' cannot take more frames now: its queue is full');
    default:
      return error('ERR_LINK', `: its packet socket failed with errno ${errno}`);
  }
}
