import { readFileSync } from 'node:fs';
import type { Problems } from '../daemon/problems.js';
import type { GatewayState } from '../demux/state.js';
import { solicitedNodeGroup } from '../neighbour/discovery.js';
import { type GroupSocket, type OpenGroups, openGroupSocket } from '../neighbour/group_socket.js';
import { explainError } from '../net/errors.js';
import { type Ipv6Address, isIpv6 } from '../net/ip.js';

/** The most groups of one socket. A kernel with `net.core.optmem_max` of 20,480 bytes allows some 360. */
const MOST_OF_SOCKET = 200;
/** The most groups in all: a Linux bridge keeps as many (`mcast_hash_max`), and whoever writes services chooses them. */
const MOST_GROUPS = 4_096;
const NONE: GatewayState['served'] = [];

export interface SolicitedGroupsOptions {
  /** The bridge, whose LOCAL interface joins the groups. */
  readonly bridge: string;
  readonly problems: Pick<Problems, 'set'>;
  readonly signal: AbortSignal;
  readonly open?: OpenGroups;
  /** Returns the kernel's number of an interface; `undefined` if there is none, or none with IPv6. */
  readonly indexOf?: (device: string) => number | undefined;
}

/**
 * Joins the solicited-node group of each served IPv6 address that this gateway answers for (RFC 4291 section 2.7.1).
 * Nobody but OVN has the address, so without this a switch outside that snoops MLD keeps its solicitations back.
 * Addresses that end in the same 24 bits share a group. The kernel reports the memberships, and answers queries.
 */
export class SolicitedGroups {
  private sockets: { readonly socket: GroupSocket; readonly groups: Set<Ipv6Address> }[] = [];
  private wanted: ReadonlySet<Ipv6Address> = new Set();
  /** The group of each address that this gateway answers for. */
  private groupOf = new Map<Ipv6Address, Ipv6Address>();
  /** The interface that the sockets' memberships are on. */
  private index: number | undefined;
  private isJoining = false;
  private last: Iterable<unknown> | undefined;
  private lastIndex: number | undefined;

  constructor(private readonly options: SolicitedGroupsOptions) {
    options.signal.addEventListener('abort', () => this.close(), { once: true });
  }

  /** How many groups are joined. */
  get size(): number {
    return this.sockets.reduce((sum, { groups }) => sum + groups.size, 0);
  }

  /** Begins to join the groups of the state's served addresses, and leaves the others. */
  follow({ patch, addresses, served, answersServed }: GatewayState): void {
    const { bridge, indexOf = interfaceIndex } = this.options;
    // An interface that was recreated has no memberships.
    const index = indexOf(bridge);
    const answered = patch === undefined || !answersServed ? NONE : served;
    if (answered === this.last && index === this.lastIndex) return;
    this.last = answered;
    this.lastIndex = index;
    // Computing a group takes much longer than looking it up.
    const before = this.groupOf;
    this.groupOf = new Map();
    for (const ip of answered)
      if (isIpv6(ip) && !addresses.includes(ip))
        this.groupOf.set(ip, before.get(ip) ?? solicitedNodeGroup(ip));
    this.wanted = new Set(this.groupOf.values());
    if (!this.isJoining) void this.become();
  }

  private async become(): Promise<void> {
    const { problems, signal } = this.options;
    this.isJoining = true;
    try {
      let done: unknown;
      while (done !== this.wanted && !signal.aborted) {
        done = this.wanted;
        await this.join(this.wanted);
      }
      const missing = this.index === undefined ? 0 : this.wanted.size - this.size;
      problems.set('multicast groups', missing === 0 ? [] : [tooMany(missing)]);
    } catch (error) {
      // The next step tries again.
      this.last = undefined;
      problems.set('multicast groups', [
        `${this.options.bridge} does not join the groups of served IPv6 addresses: ${explainError(error)}; a switch that snoops MLD does not bring solicitations for them`,
      ]);
    } finally {
      this.isJoining = false;
      if (signal.aborted) this.close();
    }
  }

  private async join(wanted: ReadonlySet<Ipv6Address>): Promise<void> {
    const { bridge, open = openGroupSocket } = this.options;
    if (this.index !== this.lastIndex) this.close();
    this.index = this.lastIndex;
    const joined = new Set<Ipv6Address>();
    for (const { socket, groups } of this.sockets)
      for (const group of groups) {
        if (wanted.has(group)) joined.add(group);
        else {
          groups.delete(group);
          socket.leave(group);
        }
      }
    if (this.index === undefined) return;
    for (const group of wanted) {
      if (joined.has(group)) continue;
      if (this.size >= MOST_GROUPS) return;
      let place = this.sockets.find(({ groups }) => groups.size < MOST_OF_SOCKET);
      if (place === undefined) {
        place = { socket: await open(bridge), groups: new Set() };
        this.sockets.push(place);
      }
      place.socket.join(group);
      place.groups.add(group);
    }
  }

  private close(): void {
    for (const { socket } of this.sockets) socket.close();
    this.sockets = [];
  }
}

function tooMany(missing: number): string {
  return `${missing} groups of served IPv6 addresses are not joined, as ${MOST_GROUPS} are: a switch that snoops MLD does not bring solicitations for them`;
}

/**
 * Returns the number of an interface that has an IPv6 address. Unlike `/sys`, this file is the network namespace's own in
 * a container too. A line is `ADDRESS INDEX PREFIX SCOPE FLAGS NAME`, in hexadecimal.
 */
function interfaceIndex(device: string): number | undefined {
  const lines = readOrNone('/proc/self/net/if_inet6').split('\n');
  const words = lines.map((line) => line.trim().split(/\s+/)).find((found) => found[5] === device);
  return words === undefined ? undefined : Number.parseInt(words[1] ?? '', 16);
}

/** A kernel without IPv6 has no such file. */
function readOrNone(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
