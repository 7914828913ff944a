import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProductError } from './net/errors.js';

/** A file with a write lock that other processes see (fcntl(2), F_SETLK). */
export interface FileLock {
  /** Replaces the file's content. */
  write(text: string): void;
  close(): void;
}

/** Something that the addon watches until it is closed. */
export interface Watch {
  close(): void;
  /** Lets the process end while the watch is open. */
  unref(): void;
}

/** The part of a gateway's state that decides the class of a packet, in the form that the addon reads. */
export interface GatewayFacts {
  /** Six octets. */
  readonly mac: Uint8Array;
  readonly linkLocal: Uint8Array;
  readonly phys: boolean;
  readonly patch: boolean;
  readonly otherPorts: boolean;
  /** 4 or 16 octets each, as in the other lists of addresses here. */
  readonly addresses: readonly Uint8Array[];
  readonly served: readonly Uint8Array[];
  /** Those of `served` that this gateway answers for. */
  readonly answered: readonly Uint8Array[];
  /** Those of `served` that a packet of a pod may have as its source. */
  readonly servedSources: readonly Uint8Array[];
  /** Node ports at some addresses only: the number of the protocol, two octets of the port, and the address. */
  readonly portsAt: readonly Uint8Array[];
  /** Node ports at each of `addresses`. */
  readonly tcp: Uint16Array;
  readonly udp: Uint16Array;
  readonly sctp: Uint16Array;
  /** The first and the last SNAT port of the pods; `undefined` in `conntrack` mode. */
  readonly range: Uint16Array | undefined;
}

/** Classifies frames. The arrays it is given must not change during a call; it keeps none of them. */
export interface NativeClassifier {
  /**
   * Writes the class number of each frame to `classes`, and adds to `counts`.
   * @param side 0 PHYS, 1 LOCAL, 2 PATCH, 3 any other port
   * @param counts packets by class number, then bytes by class number, then the number of malformed packets
   * @throws RangeError if the lengths of the arrays differ, or a frame is not within `frames`
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

/** The fields that the addon finds in a frame, by their names in `src/openflow/fields.ts`. */
export interface NativePacket {
  readonly fields: Readonly<Record<string, bigint>>;
  /** Whether a length in the frame contradicts another, or the frame ends within a header. */
  readonly malformed: boolean;
  /** Whether the capture ends before the fields that decide the class. */
  readonly cut: boolean;
  /** For an ICMP error, the fields of the packet that it is about. */
  readonly quoted?: Readonly<Record<string, bigint>>;
}

/** A packet socket for ARP and neighbour discovery on one Ethernet interface (packet(7)). */
export interface PacketSocket extends Watch {
  /** The interface's MAC when the socket was opened: six octets. */
  readonly address: Uint8Array;
  /**
   * Sends the frames in `frames`, each `size` bytes long.
   * @returns when the first one was sent, in milliseconds since 1970
   * @throws Error with `errno` and `syscall`: ENOBUFS if the queue of the device is full, ENETDOWN, EBADF once closed
   */
  send(frames: Buffer, size: number): number;
}

/** The callbacks of a packet socket. */
export interface PacketEvents {
  /** Gets consecutive frames, the length of each, and when the kernel received it, in milliseconds since 1970. */
  received(frames: Buffer, lengths: readonly number[], times: readonly number[]): void;
  /** Reports that the socket receives no more: ENETDOWN if the interface is down or was removed. */
  failed(errno: number): void;
}

/** A receive ring whose frames a thread of the addon reads and classifies. */
export interface NativeRing {
  /** Replaces the state by which frames are classified. */
  setFacts(facts: GatewayFacts): void;
  /** Returns the totals so far and the `talkers` heaviest senders, and clears the samples; `undefined` once closed. */
  snapshot(talkers: number): RingSnapshot | undefined;
  close(): void;
}

export interface RingSnapshot {
  /** As `counts` of `classify`. */
  readonly counts: BigUint64Array;
  /** Frames of the other direction, which do not enter the bridge here. */
  readonly leavingPackets: bigint;
  readonly leavingBytes: bigint;
  /** Frames that the kernel had for the ring, and how many of them it dropped because the ring was full. */
  readonly seen: bigint;
  readonly dropped: bigint;
  /** The errno that ended reading, such as ENETDOWN; 0 while the ring is read. */
  readonly errno: number;
  /** Heaviest first. An address has 4 or 16 octets; one of 6 is a MAC. */
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

/** An IPv6 route of table `main`, as the ioctl of linux/ipv6_route.h takes it. */
export interface Ipv6RouteMessage {
  /** 16 octets. */
  readonly dst: Uint8Array;
  readonly prefix: number;
  /** 16 octets; zero for a route without a gateway. */
  readonly gateway: Uint8Array;
  readonly metric: number;
  /** RTF_… */
  readonly flags: number;
  /** The rest of its lifetime, if `flags` has RTF_EXPIRES. */
  readonly seconds: number;
}

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
  readonly NetlinkWatch: new (groups: number, changed: () => void, protocol?: number) => Watch;
  readonly PacketSocket: new (
    name: string,
    received: PacketEvents['received'],
    failed: PacketEvents['failed'],
  ) => PacketSocket;
  readonly changeIpv6Route: (
    adds: boolean,
    device: string,
    dst: Uint8Array,
    prefix: number,
    gateway: Uint8Array,
    metric: number,
    flags: number,
    seconds: number,
  ) => void;
  readonly sendDatagram: (path: string, text: string) => void;
}

/** Multicast groups of rtnetlink(7), from linux/rtnetlink.h. */
const GROUPS = {
  link: 0x1,
  neigh: 0x4,
  'ipv4-ifaddr': 0x10,
  'ipv4-route': 0x40,
  'ipv4-rule': 0x80,
  'ipv6-ifaddr': 0x100,
  'ipv6-route': 0x400,
  'ipv6-rule': 0x40000,
};
export type NetlinkGroup = keyof typeof GROUPS;

/** The bit of NFNLGRP_NFTABLES (linux/netfilter/nfnetlink.h), and the protocol of its netlink sockets. */
const NFTABLES = 0x40;
const NETLINK_NETFILTER = 12;

let loaded: Addon | undefined;

/**
 * Opens or creates the file at `path` and locks it.
 * @throws Error with `errno` and `syscall`; EAGAIN or EACCES if another process has the lock
 */
export function lockFile(path: string): FileLock {
  return new (addon().FileLock)(path);
}

/** Calls `changed`, without details, after links, addresses, neighbours or routes of `groups` have changed. */
export function watchNetlink(groups: readonly NetlinkGroup[], changed: () => void): Watch {
  const mask = groups.reduce((bits, group) => bits | GROUPS[group], 0);
  return new (addon().NetlinkWatch)(mask, changed);
}

/** Calls `changed`, without details, after tables, chains, rules or sets of nftables have changed, but not for elements. */
export function watchNftables(changed: () => void): Watch {
  return new (addon().NetlinkWatch)(NFTABLES, changed, NETLINK_NETFILTER);
}

export function makeClassifier(facts: GatewayFacts): NativeClassifier {
  return new (addon().Classifier)(facts);
}

/** Returns the names of the classes, in the order of the addon's class numbers, which begin at 1. */
export function nativeClassNames(): readonly string[] {
  return addon().classNames;
}

/** Parses a frame. `wireLength` is its length on the wire, of which the capture may hold less. */
export function parseFrame(frame: Uint8Array, wireLength = frame.length): NativePacket {
  return addon().parsePacket(frame, wireLength);
}

/**
 * Opens a socket that receives untagged ARP and neighbour discovery on interface `name`, and can send there.
 * @throws Error with `errno` and `syscall`: EPERM without CAP_NET_RAW, ENODEV, EPROTOTYPE for a device that is not
 *   Ethernet, ENETDOWN
 */
export function openPacketSocket(name: string, { received, failed }: PacketEvents): PacketSocket {
  return new (addon().PacketSocket)(name, received, failed);
}

/**
 * Opens a receive ring on an interface.
 * @param side the port of the bridge by which frames enter: 0 PHYS, 1 LOCAL, 2 PATCH, 3 any other
 * @param entersOutgoing whether frames that the host sends enter the bridge, rather than those that it receives
 * @throws Error with `errno` and `syscall`: EPERM, ENODEV, EPROTOTYPE for a device that is not Ethernet
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

/**
 * Sends one datagram to the unix socket at `path`; a path that begins with `@` is in the abstract namespace (unix(7)).
 * Waits at most 100 ms while the receiver's queue is full.
 * @throws Error with `errno` and `syscall`: ENOENT, ECONNREFUSED if nobody receives there, EAGAIN
 */
export function sendDatagram(path: string, text: string): void {
  addon().sendDatagram(path, text);
}

/**
 * Adds an IPv6 route through `device`, or deletes it.
 * @throws Error with `errno` and `syscall`: EEXIST, ESRCH if there is none to delete, ENODEV, EPERM
 */
export function changeIpv6Route(verb: 'add' | 'delete', device: string, route: Ipv6RouteMessage): void {
  const { dst, prefix, gateway, metric, flags, seconds } = route;
  addon().changeIpv6Route(verb === 'add', device, dst, prefix, gateway, metric, flags, seconds);
}

function addon(): Addon {
  loaded ??= createRequire(import.meta.url)(addonPath()) as Addon;
  return loaded;
}

/** Finds the addon in the package's folder, from the sources as from the bundle. */
function addonPath(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'native', 'build', 'Release', 'gateway.node');
    if (existsSync(path)) return path;
    if (folder === dirname(folder))
      throw new ProductError('ERR_NO_ADDON', 'the native addon is not built; run npm run install');
  }
}
