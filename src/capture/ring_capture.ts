import { constants } from 'node:os';
import { gatewayFacts, SIDES } from '../demux/classifier.js';
import type { GatewayState } from '../demux/state.js';
import { type NativeRing, openRing } from '../native.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, ipOfBytes } from '../net/ip.js';
import { macOfBytes } from '../net/mac.js';
import { nameOf, readCounts } from './counts.js';
import type { CaptureOptions, PacketCapture, Seen } from './packet_capture.js';
import { interfaceDown, noInterface, noPermission, notEthernet } from './trouble.js';

/** Frames of an interface, read from a ring of the kernel and counted by class in a thread of the addon. */
export class RingCapture implements PacketCapture {
  private constructor(
    private readonly device: string,
    private readonly ring: NativeRing,
  ) {}

  /**
   * @throws ProductError `ERR_NO_INTERFACE`, `ERR_NO_PERMISSION`, `ERR_NOT_ETHERNET`; `ERR_NO_RING` where the kernel
   * gives none
   */
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

  follow(state: GatewayState): void {
    this.ring.setFacts(gatewayFacts(state));
  }

  look(talkers = 0): Seen {
    const found = this.ring.snapshot(talkers);
    if (found === undefined) throw new ProductError('ERR_CAPTURE', `${this.device}: the capture is closed`);
    if (found.errno === constants.errno.ENETDOWN) throw interfaceDown(this.device);
    if (found.errno !== 0)
      throw new ProductError('ERR_CAPTURE', `${this.device}: the capture ended with error ${found.errno}`);
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
}

function addressOf(octets: Uint8Array): IpAddress | string {
  return octets.length === 6 ? macOfBytes(octets) : ipOfBytes([...octets]);
}

function complaint(device: string, error: unknown): unknown {
  const { EPERM, ENODEV, ENXIO, EPROTOTYPE } = constants.errno;
  switch (error instanceof Error && 'errno' in error ? error.errno : undefined) {
    case undefined:
      return error;
    case EPERM:
      return noPermission(device, error);
    case ENODEV:
    case ENXIO:
      return noInterface(device);
    case EPROTOTYPE:
      return notEthernet(device);
    default:
      return new ProductError('ERR_NO_RING', `${device}: the kernel gives no ring`, { cause: error });
  }
}
