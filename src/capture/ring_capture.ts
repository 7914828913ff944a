import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { PacketClass } from '../demux/classes.js';
import { gatewayFacts, SIDES, type Side } from '../demux/classifier.js';
import type { Count } from '../demux/counters.js';
import type { GatewayState } from '../demux/state.js';
import { type Direction, type NativeRing, openRing } from '../native.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, ipOfBytes } from '../net/ip.js';
import { type ClassCounts, nameOf, readCounts } from './counts.js';

/** Who sends packets of a class: by IP address, or by MAC where there is none. */
export interface Talker extends Count {
  readonly address: IpAddress | string;
  readonly class: PacketClass | 'truncated';
}

/** What passed an interface since the capture began. */
export interface Seen {
  readonly classes: ClassCounts;
  readonly malformed: bigint;
  /** Frames of the other direction: they do not enter the bridge by this interface. */
  readonly leaving: Count;
  /** Frames that found no room, and so are in no other number. */
  readonly dropped: bigint;
  /** Heaviest first. */
  readonly talkers: readonly Talker[];
  /** One frame of each class that came since the last look, as much of it as was kept. */
  readonly samples: ReadonlyMap<PacketClass | 'truncated', Sample>;
}

export interface Sample {
  readonly frame: Uint8Array;
  readonly wireLength: number;
}

export interface CaptureOptions {
  readonly device: string;
  readonly direction: Direction;
  /** By which port of the bridge the interface's frames enter it. */
  readonly side: Side;
  readonly state: GatewayState;
}

/** Frames of an interface, counted by class in a thread of the addon until closed. */
export class RingCapture {
  private constructor(
    private readonly device: string,
    private readonly ring: NativeRing,
  ) {}

  /** @throws ProductError `ERR_NO_INTERFACE`, `ERR_NO_PERMISSION`, `ERR_NOT_ETHERNET`, `ERR_CAPTURE` */
  static open({ device, direction, side, state }: CaptureOptions): RingCapture {
    try {
      // What the host sends enters the bridge by its LOCAL port, and leaves the host by that interface.
      const entersOutgoing = side === 'local';
      return new RingCapture(
        device,
        openRing(device, direction, SIDES.indexOf(side), entersOutgoing, gatewayFacts(state)),
      );
    } catch (error) {
      throw complaint(device, error);
    }
  }

  /** Classifies by another state from now on. */
  follow(state: GatewayState): void {
    this.ring.setFacts(gatewayFacts(state));
  }

  /** @throws ProductError `ERR_INTERFACE_DOWN` once the interface is down or gone */
  look(talkers = 0): Seen {
    const found = this.ring.snapshot(talkers);
    if (found === undefined) throw new ProductError('ERR_CAPTURE', `${this.device}: the capture is closed`);
    if (found.errno !== 0) throw this.ended(found.errno);
    return {
      classes: readCounts(found.counts),
      malformed: found.counts.at(-1) ?? 0n,
      leaving: { packets: found.leavingPackets, bytes: found.leavingBytes },
      dropped: found.dropped,
      talkers: found.talkers.map(({ address, classId, packets, bytes }) => ({
        address: addressOf(address),
        class: nameOf(classId),
        packets,
        bytes,
      })),
      samples: new Map(
        found.samples.map(({ classId, frame, wireLength }) => [nameOf(classId), { frame, wireLength }]),
      ),
    };
  }

  close(): void {
    this.ring.close();
  }

  private ended(errno: number): ProductError {
    const { device } = this;
    if (errno !== constants.errno.ENETDOWN)
      return new ProductError('ERR_CAPTURE', `${device}: the capture ended with error ${errno}`);
    return existsSync(`/sys/class/net/${device}`)
      ? new ProductError('ERR_INTERFACE_DOWN', `${device} is down; run ip link set ${device} up`)
      : new ProductError('ERR_INTERFACE_DOWN', `${device} has gone; ip link lists what there is`);
  }
}

function addressOf(octets: Uint8Array): IpAddress | string {
  return octets.length === 6
    ? Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':')
    : ipOfBytes([...octets]);
}

function complaint(device: string, error: unknown): unknown {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  const { EPERM, ENODEV, EPROTOTYPE } = constants.errno;
  switch (errno) {
    case EPERM:
      return new ProductError(
        'ERR_NO_PERMISSION',
        `${device}: reading packets needs CAP_NET_RAW; run this as root`,
        { cause: error },
      );
    case ENODEV:
    case constants.errno.ENXIO:
      return new ProductError(
        'ERR_NO_INTERFACE',
        `there is no interface ${device}; ip link lists what there is`,
      );
    case EPROTOTYPE:
      return new ProductError('ERR_NOT_ETHERNET', `${device} is not Ethernet: its packets have no class`);
    default:
      return errno === undefined
        ? error
        : new ProductError('ERR_CAPTURE', `cannot read the packets of ${device}`, { cause: error });
  }
}
