import { ProductError } from '../net/errors.js';
import type { CaptureOptions, PacketCapture } from './packet_capture.js';
import { PcapCapture } from './pcap_capture.js';
import { RingCapture } from './ring_capture.js';

/** How packets are read: from a ring of the kernel, or by libpcap. */
export type CaptureMethod = 'ring' | 'pcap';

/**
 * Opens a capture with `method`. Without one it uses the ring, and libpcap if the kernel refuses the ring.
 * @throws ProductError `ERR_NO_INTERFACE`, `ERR_NO_PERMISSION`, `ERR_NOT_ETHERNET`, `ERR_NO_RING`, `ERR_NO_PCAP`
 */
export async function openCapture(options: CaptureOptions, method?: CaptureMethod): Promise<PacketCapture> {
  if (method === 'pcap') return PcapCapture.open(options);
  try {
    return RingCapture.open(options);
  } catch (error) {
    const hasNoRing = error instanceof ProductError && error.code === 'ERR_NO_RING';
    if (method === 'ring' || !hasNoRing) throw error;
    return PcapCapture.open(options);
  }
}
