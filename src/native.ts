import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProductError } from './net/errors.js';

/** A file under a write lock that other processes see (fcntl(2), F_SETLK). */
export interface FileLock {
  /** Replaces the file's content. */
  write(text: string): void;
  close(): void;
}

/** Something that goes on until it is closed. */
export interface Watch {
  close(): void;
  /** Lets the process end though this goes on. */
  unref(): void;
}

/** What decides on packets of a gateway's bridge, in the form that the addon reads. */
export interface GatewayFacts {
  /** Six octets. */
  readonly mac: Uint8Array;
  readonly linkLocal: Uint8Array;
  readonly phys: boolean;
  readonly patch: boolean;
  readonly otherPorts: boolean;
  /** Each of 4 or 16 octets, as all lists of addresses here. */
  readonly addresses: readonly Uint8Array[];
  readonly served: readonly Uint8Array[];
  /** Those of `served` that a packet may come from. */
  readonly servedSources: readonly Uint8Array[];
  /** Node ports. */
  readonly tcp: Uint16Array;
  readonly udp: Uint16Array;
  readonly sctp: Uint16Array;
  /** The first and the last of the pods' ports; `undefined` where connections are tracked. */
  readonly range: Uint16Array | undefined;
}

/** Tells the classes of frames. What it is given must not change while it works; it keeps none of it. */
export interface NativeClassifier {
  /**
   * @param side 0 PHYS, 1 LOCAL, 2 PATCH, 3 any other port
   * @param counts one entry a class number for packets, as many for bytes, and one for malformed packets: added to
   * @throws RangeError when arrays do not fit each other, or a frame is not within `frames`
   */
  classify(
    frames: Uint8Array,
    offsets: Uint32Array,
    lengths: Uint32Array,
    wireLengths: Uint32Array,
    side: number,
    tracked: boolean,
    classes: Uint8Array,
    counts: BigUint64Array,
  ): void;
}

/** What the addon finds in a frame; names are those of `src/openflow/fields.ts`. */
export interface NativePacket {
  readonly fields: Readonly<Record<string, bigint>>;
  /** A length in it contradicts another, or it ends within a header. */
  readonly malformed: boolean;
  /** The capture ends before what decides. */
  readonly cut: boolean;
  /** Of an ICMP error: the packet that it is about. */
  readonly quoted?: Readonly<Record<string, bigint>>;
}

/** ARP and neighbour discovery on one Ethernet interface (packet(7)). */
export interface PacketSocket extends Watch {
  /** The interface's MAC when it was opened: six octets. */
  readonly address: Uint8Array;
  /**
   * Sends all the frames of `size` bytes each that stand one behind the other in `frames`; answers when the first one
   * left, in milliseconds since 1970.
   * @throws Error with `errno` and `syscall`: ENOBUFS when the device takes no more, ENETDOWN, EBADF once closed
   */
  send(frames: Buffer, size: number): number;
}

/** What a packet socket tells. */
export interface PacketEvents {
  /** Frames one behind the other, the length of each, and when the kernel had it, in milliseconds since 1970. */
  received(frames: Buffer, lengths: readonly number[], times: readonly number[]): void;
  /** It hears nothing more: ENETDOWN when the interface went down or away. */
  failed(errno: number): void;
}

/** Frames of an interface, read and classified by a thread of the addon. */
export interface NativeRing {
  /** Classifies by another state from now on. */
  setFacts(facts: GatewayFacts): void;
  /** What was read so far, with the heaviest senders; `undefined` once it is closed. Samples begin anew. */
  snapshot(talkers: number): RingSnapshot | undefined;
  close(): void;
}

export interface RingSnapshot {
  /** As `classify` adds them up: packets a class number, bytes a class number, malformed packets. */
  readonly counts: BigUint64Array;
  /** Of the other direction: they do not enter the bridge here. */
  readonly leavingPackets: bigint;
  readonly leavingBytes: bigint;
  /** Frames that the kernel had for the ring, and those of them that found no room. */
  readonly seen: bigint;
  readonly dropped: bigint;
  /** Why no more is read, such as ENETDOWN; 0 while it is. */
  readonly errno: number;
  /** Heaviest first; an address of 4 or 16 octets, or of 6: a MAC. */
  readonly talkers: readonly {
    readonly address: Uint8Array;
    readonly classId: number;
    readonly packets: bigint;
    readonly bytes: bigint;
  }[];
  /** The first frame of each class since the last snapshot. */
  readonly samples: readonly {
    readonly classId: number;
    readonly wireLength: number;
    readonly frame: Uint8Array;
  }[];
}

/** In the order of `Direction` in native/packet_ring.h. */
const DIRECTIONS = ['both', 'incoming', 'outgoing'] as const;
export type Direction = (typeof DIRECTIONS)[number];

interface Addon {
  readonly Ring: new (
    device: string,
    direction: number,
    side: number,
    entersOutgoing: boolean,
    facts: GatewayFacts,
  ) => NativeRing;
  readonly Classifier: new (facts: GatewayFacts) => NativeClassifier;
  readonly classNames: readonly string[];
  readonly parsePacket: (frame: Uint8Array, wireLength: number) => NativePacket;
  readonly FileLock: new (path: string) => FileLock;
  readonly NetlinkWatch: new (groups: number, changed: () => void) => Watch;
  readonly PacketSocket: new (
    name: string,
    received: PacketEvents['received'],
    failed: PacketEvents['failed'],
  ) => PacketSocket;
}

/** Multicast groups of rtnetlink(7), from linux/rtnetlink.h. */
const GROUPS = {
  link: 0x1,
  neigh: 0x4,
  'ipv4-ifaddr': 0x10,
  'ipv4-route': 0x40,
  'ipv6-ifaddr': 0x100,
  'ipv6-route': 0x400,
};
export type NetlinkGroup = keyof typeof GROUPS;

let loaded: Addon | undefined;

/**
 * Opens or makes the file at `path` and locks it.
 * @throws Error with `errno` and `syscall`; EAGAIN or EACCES when another process has the lock
 */
export function lockFile(path: string): FileLock {
  return new (addon().FileLock)(path);
}

/** Calls `changed` after links, addresses, neighbours or routes have changed; it does not say which. */
export function watchNetlink(groups: readonly NetlinkGroup[], changed: () => void): Watch {
  const mask = groups.reduce((bits, group) => bits | GROUPS[group], 0);
  return new (addon().NetlinkWatch)(mask, changed);
}

export function makeClassifier(facts: GatewayFacts): NativeClassifier {
  return new (addon().Classifier)(facts);
}

/** The names of the classes as the addon numbers them, from 1. */
export function nativeClassNames(): readonly string[] {
  return addon().classNames;
}

/** Takes one frame apart; `wireLength` is its length where the capture holds less. */
export function parseFrame(frame: Uint8Array, wireLength = frame.length): NativePacket {
  return addon().parsePacket(frame, wireLength);
}

/**
 * Hears ARP and neighbour discovery that comes in, untagged, at interface `name`, and can send there.
 * @throws Error with `errno` and `syscall`: EPERM without CAP_NET_RAW, ENODEV, EPROTOTYPE for what is no Ethernet
 *   device, ENETDOWN
 */
export function openPacketSocket(name: string, { received, failed }: PacketEvents): PacketSocket {
  return new (addon().PacketSocket)(name, received, failed);
}

/**
 * Opens a receive ring on an interface.
 * @param side the port of the bridge by which its frames enter: 0 PHYS, 1 LOCAL, 2 PATCH, 3 any other
 * @param entersOutgoing whether those that the host sends out of the interface are the ones that enter the bridge
 * @throws Error with `errno` and `syscall`: EPERM, ENODEV, EPROTOTYPE for a link that is not Ethernet
 */
export function openRing(
  device: string,
  direction: Direction,
  side: number,
  entersOutgoing: boolean,
  facts: GatewayFacts,
): NativeRing {
  return new (addon().Ring)(device, DIRECTIONS.indexOf(direction), side, entersOutgoing, facts);
}

function addon(): Addon {
  loaded ??= createRequire(import.meta.url)(addonPath()) as Addon;
  return loaded;
}

/** The addon stands in the package's own folder, whether this runs from the sources or from the bundle. */
function addonPath(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'native', 'build', 'Release', 'gateway.node');
    if (existsSync(path)) return path;
    if (folder === dirname(folder))
      throw new ProductError('ERR_NO_ADDON', 'the native addon is not built; run npm run install');
  }
}
