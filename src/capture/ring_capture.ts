import { constants } from 'node:os';
import { gatewayFacts } from '../demux/classifier.js';
import { PORT_ROLES } from '../demux/port_role.js';
import type { GatewayState } from '../demux/state.js';
import { type NativeRing, openRing } from '../native.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, ipOfBytes } from '../net/ip.js';
import { macOfBytes } from '../net/mac.js';
import { classNameOf, readCounts } from './counts.js';
import { captureClosed, interfaceDown, noInterface, noPermission, notEthernet } from './errors.js';
import type { CaptureOptions, CaptureSnapshot, PacketCapture } from './packet_capture.js';

/** Reads the frames of an interface from a ring of the kernel; a thread of the addon counts them by class. */
export class RingCapture implements PacketCapture {
  private constructor(
    private readonly device: string,
    private readonly ring: NativeRing,
  ) {}

  /**
   * @throws ProductError `ERR_NO_INTERFACE`, `ERR_NO_PERMISSION`, `ERR_NOT_ETHERNET`; `ERR_NO_RING` if the kernel
   * refuses the ring
   */
  static open({ device, direction, role, state }: CaptureOptions): RingCapture {
    try {
      // The host's frames leave the host by the bridge's own interface, and enter the bridge by its LOCAL port.
      const entersOutgoing = role === 'local';
      return new RingCapture(
        device,
        openRing(device, direction, PORT_ROLES.indexOf(role), entersOutgoing, gatewayFacts(state)),
      );
    } catch (error) {
      throw explained(device, error);
    }
  }

  setState(state: GatewayState): void {
    this.ring.setFacts(gatewayFacts(state));
  }

  snapshot(talkers = 0): CaptureSnapshot {
    const found = this.ring.snapshot(talkers);
    if (found === undefined) throw captureClosed(this.device);
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
        class: classNameOf(classId),
        packets,
        bytes,
      })),
      samples: new Map(
        found.samples.map(({ classId, frame, wireLength }) => [classNameOf(classId), { frame, wireLength }]),
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

/** Converts an error of the addon into one that names the cause; returns any other error as it is. */
function explained(device: string, error: unknown): unknown {
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
      return new ProductError('ERR_NO_RING', `${device}: the kernel refuses a ring`, { cause: error });
  }
}
