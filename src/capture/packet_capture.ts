// Reads the packets of an interface, or of a capture file, and counts them by class as the gateway's flows would.
// A ring of the kernel is the fast way; libpcap serves kernels without one. Both implement PacketCapture, below.
// Nothing here changes the interface, the bridge or its flows.
import type { Count } from '../demux/counters.js';
import type { PortRole } from '../demux/port_role.js';
import type { GatewayState } from '../demux/state.js';
import type { Direction } from '../native.js';
import type { IpAddress } from '../net/ip.js';
import type { ClassCounts, ClassName } from './counts.js';

/** A sender of packets of one class, by IP address, or by MAC for packets without one. */
export interface Talker extends Count {
  readonly address: IpAddress | string;
  readonly class: ClassName;
}

export interface SampleFrame {
  /** The bytes that the capture holds of it. */
  readonly frame: Uint8Array;
  readonly wireLength: number;
}

/** The counts of an interface since its capture began. */
export interface CaptureSnapshot {
  readonly classes: ClassCounts;
  readonly malformed: bigint;
  /** Frames of the opposite direction, which leave the bridge by this interface. */
  readonly leaving: Count;
  /** Frames that the kernel dropped because the buffer was full. No other number includes them. */
  readonly dropped: bigint;
  /** The heaviest sender first. */
  readonly talkers: readonly Talker[];
  /** One frame of each class that arrived since the previous snapshot. */
  readonly samples: ReadonlyMap<ClassName, SampleFrame>;
}

export interface CaptureOptions {
  readonly device: string;
  readonly direction: Direction;
  /** The role of the bridge's port by which the interface's frames enter the bridge. */
  readonly role: PortRole;
  readonly state: GatewayState;
}

/** A running capture: counts the frames of an interface by class until closed. */
export interface PacketCapture {
  /**
   * Returns the counts so far, and at most `talkers` senders.
   * @throws ProductError `ERR_INTERFACE_DOWN` once the interface is down or gone
   */
  snapshot(talkers?: number): CaptureSnapshot;
  /** Classifies the frames that follow by another state. */
  setState(state: GatewayState): void;
  close(): void;
}
