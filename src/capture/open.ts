import { ProductError } from '../net/errors.js';
import type { CaptureOptions, PacketCapture } from './packet_capture.js';
import { PcapCapture } from './pcap_capture.js';
import { RingCapture } from './ring_capture.js';

/** How packets are read: from a ring of the kernel, or by libpcap. */
export type CaptureWay = 'ring' | 'pcap';

/**
 * Opens a capture, the way that is asked for; unless one is, by libpcap only where the kernel gives no ring.
 * @throws ProductError `ERR_NO_INTERFACE`, `ERR_NO_PERMISSION`, `ERR_NOT_ETHERNET`, `ERR_NO_RING`, `ERR_NO_PCAP`
 */
export async function openCapture(options: CaptureOptions, way?: CaptureWay): Promise<PacketCapture> {
  if (way === 'pcap') return PcapCapture.open(options);
  try {
    return RingCapture.open(options);
  } catch (error) {
    const hasNoRing = error instanceof ProductError && error.code === 'ERR_NO_RING';
    if (way === 'ring' || !hasNoRing) throw error;
    return PcapCapture.open(options);
  }
}
