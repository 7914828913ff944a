import { type GatewayFacts, makeClassifier, type NativeClassifier } from '../native.js';
import { type IpAddress, ipBytes, isLinkLocal } from '../net/ip.js';
import { linkLocalOf, macBytes } from '../net/mac.js';
import type { Transport } from '../net/ports.js';
import { CLASSES, type PacketClass } from './classes.js';
import type { Count } from './counters.js';
import type { GatewayState } from './state.js';

/** The port of the bridge that frames come in by. */
export const SIDES = ['phys', 'local', 'patch', 'other'] as const;
export type Side = (typeof SIDES)[number];

/** The number of no class: the capture was cut before what decides. */
export const TRUNCATED = 0;

/** Frames in one buffer. */
export interface Batch {
  readonly frames: Uint8Array;
  readonly offsets: Uint32Array;
  /** How much of each frame the buffer holds. */
  readonly lengths: Uint32Array;
  /** How long each was on the wire, where it is not held whole. */
  readonly wireLengths?: Uint32Array;
}

const IDS = CLASSES.length + 1;

/**
 * Tells the classes of frames as the flows of `demuxFlows(state)` do, by the batch and in the addon.
 *
 * A frame that is malformed is of the class that the switch puts it in, and counted apart as well. With `conntrack`
 * a frame does not show whether it is a pod's: such a one is `management`, unless `isTracked`.
 */
export class Classifier {
  private readonly native: NativeClassifier;
  private readonly counts = new BigUint64Array(2 * IDS + 1);

  constructor(state: GatewayState) {
    this.native = makeClassifier(gatewayFacts(state));
  }

  /**
   * Writes the number of each frame's class into `classes`, 0 for one of which too little is held, and counts it.
   *
   * @param isTracked whether connection tracking knows them for packets of the pods' connections
   * @throws RangeError when arrays do not fit each other, or a frame is not within the buffer
   */
  classify(batch: Batch, from: Side, classes: Uint8Array, isTracked = false): void {
    const { frames, offsets, lengths, wireLengths = lengths } = batch;
    const side = SIDES.indexOf(from);
    this.native.classify(frames, offsets, lengths, wireLengths, side, isTracked, classes, this.counts);
  }

  /** Packets and bytes on the wire of each class, in the table's order, since this was made. */
  byClass(): ReadonlyMap<PacketClass, Count> {
    return new Map(CLASSES.map((name, index) => [name, this.countOf(index + 1)]));
  }

  /** Those of no class, as the capture holds too little of them. */
  get truncated(): Count {
    return this.countOf(TRUNCATED);
  }

  /** How many were malformed, whatever their class. */
  get malformed(): bigint {
    return this.counts.at(-1) ?? 0n;
  }

  private countOf(id: number): Count {
    return { packets: this.counts[id] ?? 0n, bytes: this.counts[IDS + id] ?? 0n };
  }
}

/** `state` as the addon reads it. */
export function gatewayFacts(state: GatewayState): GatewayFacts {
  const { mac, addresses, nodePorts, demux } = state;
  const served = [...state.served].filter((ip) => !addresses.includes(ip));
  const ports = (transport: Transport) =>
    Uint16Array.from([...nodePorts].filter(({ protocol }) => protocol === transport).map(({ port }) => port));
  return {
    mac: Uint8Array.from(macBytes(mac)),
    linkLocal: octets(linkLocalOf(mac)),
    phys: state.phys !== undefined,
    patch: state.patch !== undefined,
    otherPorts: state.otherPorts,
    addresses: addresses.map(octets),
    served: served.map(octets),
    servedSources: served.filter((ip) => !isLinkLocal(ip)).map(octets),
    tcp: ports('tcp'),
    udp: ports('udp'),
    sctp: ports('sctp'),
    range: demux.mode === 'port-range' ? Uint16Array.of(demux.range.lo, demux.range.hi) : undefined,
  };
}

function octets(ip: IpAddress): Uint8Array {
  return Uint8Array.from(ipBytes(ip));
}
