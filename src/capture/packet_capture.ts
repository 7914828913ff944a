import type { PacketClass } from '../demux/classes.js';
import type { Side } from '../demux/classifier.js';
import type { Count } from '../demux/counters.js';
import type { GatewayState } from '../demux/state.js';
import type { Direction } from '../native.js';
import type { IpAddress } from '../net/ip.js';
import type { ClassCounts } from './counts.js';

/** Who sends packets of a class: by IP address, or by MAC where there is none. */
export interface Talker extends Count {
  readonly address: IpAddress | string;
  readonly class: PacketClass | 'truncated';
}

export interface Sample {
  readonly frame: Uint8Array;
  readonly wireLength: number;
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

export interface CaptureOptions {
  readonly device: string;
  readonly direction: Direction;
  /** By which port of the bridge the interface's frames enter it. */
  readonly side: Side;
  readonly state: GatewayState;
}

/** Frames of an interface, counted by class until closed. */
export interface PacketCapture {
  /** What was seen so far. @throws ProductError `ERR_INTERFACE_DOWN` once the interface is down or gone */
  look(talkers?: number): Seen;
  /** Classifies by another state from now on. */
  follow(state: GatewayState): void;
  close(): void;
}
