import { constants } from 'node:os';
import { openPacketSocket, type PacketEvents, type PacketSocket } from '../native.js';
import { ProductError } from '../net/errors.js';
import { type MacAddress, macOfBytes } from '../net/mac.js';
import { decodeMessage } from './decode.js';
import type { NeighbourMessage } from './message.js';

/** Who listens on a link. */
export interface Listener {
  /** `at` is when the kernel had it, in milliseconds since 1970. */
  hear(message: NeighbourMessage, at: number): void;
  /** Nothing more will be heard: the interface went down or away. */
  fail(error: ProductError): void;
}

/** Makes the socket of an interface. */
export type OpenSocket = (name: string, events: PacketEvents) => PacketSocket;

/** An Ethernet interface, as a place to talk to its neighbours and to hear them; several may listen. */
export class Link {
  readonly mac: MacAddress;
  private readonly socket: PacketSocket;
  private readonly listeners = new Set<Listener>();

  /** @throws ProductError `ERR_NO_NET_RAW`, `ERR_NO_INTERFACE`, `ERR_NOT_ETHERNET`, `ERR_LINK_DOWN` */
  constructor(
    readonly name: string,
    open: OpenSocket = openPacketSocket,
  ) {
    this.socket = guarded(name, () =>
      open(name, {
        received: (frames, lengths, times) => this.receive(frames, lengths, times),
        failed: (errno) => this.fail(linkError(name, errno)),
      }),
    );
    this.mac = macOfBytes(this.socket.address);
  }

  /**
   * Sends frames of `size` bytes each; answers when the first one left, in milliseconds since 1970.
   * @throws ProductError `ERR_LINK_BUSY` when the interface takes no more now, `ERR_LINK_DOWN`, `ERR_NO_INTERFACE`
   */
  send(frames: Buffer, size = frames.length): number {
    return guarded(this.name, () => this.socket.send(frames, size));
  }

  /** Has `listener` hear what comes in; returns how to stop that. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.listeners.clear();
    this.socket.close();
  }

  /** Lets the process end though this still listens. */
  unref(): void {
    this.socket.unref();
  }

  private receive(frames: Buffer, lengths: readonly number[], times: readonly number[]): void {
    let start = 0;
    for (const [index, length] of lengths.entries()) {
      const message = decodeMessage(frames.subarray(start, start + length));
      start += length;
      if (message === undefined) continue;
      for (const listener of [...this.listeners]) listener.hear(message, times[index] ?? 0);
    }
  }

  private fail(error: ProductError): void {
    for (const listener of [...this.listeners]) listener.fail(error);
  }
}

function guarded<T>(name: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) throw error;
    throw linkError(name, error.errno, error);
  }
}

function linkError(name: string, errno: number, cause?: Error): ProductError {
  const { EPERM, ENODEV, ENXIO, ENETDOWN, ENOBUFS, EPROTOTYPE } = constants.errno;
  const error = (code: string, why: string) => new ProductError(code, `${name}${why}`, { cause });
  switch (errno) {
    case EPERM:
      return new ProductError(
        'ERR_NO_NET_RAW',
        `${name}: ARP and neighbour discovery need CAP_NET_RAW, which this process does not have; run it as root`,
      );
    case ENODEV:
    case ENXIO:
      return new ProductError('ERR_NO_INTERFACE', `there is no interface ${name}; ip link lists them`);
    case EPROTOTYPE:
      return new ProductError('ERR_NOT_ETHERNET', `${name} is no Ethernet device, and has no neighbours`);
    case ENETDOWN:
      return new ProductError('ERR_LINK_DOWN', `${name} is down or has gone; ip link set ${name} up`);
    case ENOBUFS:
      return error('ERR_LINK_BUSY', ' takes no more frames now');
    default:
      return error('ERR_LINK', `: its packet socket failed with errno ${errno}`);
  }
}
