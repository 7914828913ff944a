import { type GatewayFacts, makeClassifier, type NativeClassifier } from '../native.js';
import { type IpAddress, ipBytes, isLinkLocal } from '../net/ip.js';
import { linkLocalOf, macBytes } from '../net/mac.js';
import { PROTOCOL_NUMBERS, type Transport } from '../net/ports.js';
import { CLASSES, type PacketClass } from './classes.js';
import type { Count } from './counters.js';
import { PORT_ROLES, type PortRole } from './port_role.js';
import type { GatewayState } from './state.js';

/** Stands for no class: the capture ends before the fields that decide. */
export const TRUNCATED = 0;

/** Frames in one buffer, each at its offset. */
export interface Batch {
  readonly frames: Uint8Array;
  readonly offsets: Uint32Array;
  /** The bytes of each frame that the buffer holds. */
  readonly lengths: Uint32Array;
  /** The length of each frame on the wire, in bytes, if the buffer holds less of some. */
  readonly wireLengths?: Uint32Array;
}

const IDS = CLASSES.length + 1;

/**
 * Classifies batches of frames as the flows of `demuxFlows(state)` do, in the addon.
 *
 * A malformed frame has the class that the switch gives it, and is counted as malformed as well. In `conntrack` mode a
 * frame does not show whether it belongs to a pod, nor in `port-range` mode one of a protocol without ports: its class
 * is `management`, unless `isTracked` is set.
 */
export class Classifier {
  private readonly native: NativeClassifier;
  private readonly counts = new BigUint64Array(2 * IDS + 1);

  constructor(state: GatewayState) {
    this.native = makeClassifier(gatewayFacts(state));
  }

  /**
   * Counts each frame and writes the number of its class into `classes`: 0 if the buffer holds too little of the frame.
   *
   * @param isTracked whether connection tracking knows the frames as packets of the pods' connections
   * @throws RangeError if the arrays differ in length, or a frame is not within the buffer
   */
  classify(batch: Batch, from: PortRole, classes: Uint8Array, isTracked = false): void {
    const { frames, offsets, lengths, wireLengths = lengths } = batch;
    const role = PORT_ROLES.indexOf(from);
    this.native.classify(frames, offsets, lengths, wireLengths, role, isTracked, classes, this.counts);
  }

  /** Returns packets and bytes on the wire of each class, in the table's order, over all batches. */
  byClass(): ReadonlyMap<PacketClass, Count> {
    return new Map(CLASSES.map((name, index) => [name, this.countOf(index + 1)]));
  }

  /** The frames without a class, because the buffer held too little of them. */
  get truncated(): Count {
    return this.countOf(TRUNCATED);
  }

  /** The malformed frames of all classes. */
  get malformed(): bigint {
    return this.counts.at(-1) ?? 0n;
  }

  private countOf(id: number): Count {
    return { packets: this.counts[id] ?? 0n, bytes: this.counts[IDS + id] ?? 0n };
  }
}

/** Converts `state` into the form that the addon reads. */
export function gatewayFacts(state: GatewayState): GatewayFacts {
  const { mac, addresses, answersServed, demux } = state;
  const served = [...state.served].filter((ip) => !addresses.includes(ip));
  const nodePorts = [...state.nodePorts];
  const ports = (transport: Transport) =>
    Uint16Array.from(
      nodePorts
        .filter(({ protocol, at }) => protocol === transport && at === undefined)
        .map(({ port }) => port),
    );
  return {
    mac: Uint8Array.from(macBytes(mac)),
    linkLocal: octets(linkLocalOf(mac)),
    phys: state.phys !== undefined,
    patch: state.patch !== undefined,
    otherPorts: state.otherPorts,
    addresses: addresses.map(octets),
    served: served.map(octets),
    answered: (answersServed ? served : []).map(octets),
    servedSources: served.filter((ip) => !isLinkLocal(ip)).map(octets),
    portsAt: nodePorts.flatMap(({ protocol, port, at = [] }) => at.map((ip) => portAt(protocol, port, ip))),
    tcp: ports('tcp'),
    udp: ports('udp'),
    sctp: ports('sctp'),
    range: demux.mode === 'port-range' ? Uint16Array.of(demux.range.lo, demux.range.hi) : undefined,
  };
}

/** Returns the number of the protocol, the port and the octets of the address. */
function portAt(protocol: Transport, port: number, ip: IpAddress): Uint8Array {
  return Uint8Array.from([PROTOCOL_NUMBERS[protocol], port >> 8, port & 0xff, ...ipBytes(ip)]);
}

function octets(ip: IpAddress): Uint8Array {
  return Uint8Array.from(ipBytes(ip));
}
