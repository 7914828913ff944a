import { type Cidr, networkOf } from '../net/cidr.js';
import { type IpAddress, type Ipv4Address, ipv4Number, ipv4OfNumber, isIpv4 } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { type Ipv4Range, type PodSubnets, rangeOf } from '../ovn/pod_subnets.js';

/**
 * The IPv4 addresses of one switch, in the order in which pods get them: first each address once, from the one after
 * the highest in use and round to the lowest; then the addresses that pods have left, the longest unused first. So no
 * address is given out again while another has been unused for longer. What pods left before the pool was made is not
 * known, so the lap does not begin there.
 */
export class AddressPool {
  private readonly first: number;
  private readonly last: number;
  private next: number;
  /** How many addresses the lap has not reached yet. */
  private ahead: number;
  /** The addresses that were left, in that order. */
  private readonly left = new Set<number>();

  /** @param highest the highest address in use; `undefined` if none is */
  constructor(
    subnet: Cidr,
    private readonly excluded: readonly Ipv4Range[],
    highest: number | undefined,
  ) {
    const network = ipv4Number(networkOf(subnet).address as Ipv4Address);
    const size = 2 ** (32 - subnet.prefix);
    // Networks of two addresses or one have neither a network nor a broadcast address (RFC 3021).
    const margin = size > 2 ? 1 : 0;
    this.first = network + margin;
    this.last = network + size - 1 - margin;
    this.ahead = this.last - this.first + 1;
    this.next = this.after(highest ?? this.last);
  }

  has(address: number): boolean {
    return this.first <= address && address <= this.last;
  }

  /** Takes the next address that is free; `undefined` if there is none. */
  take(isFree: (address: Ipv4Address) => boolean): Ipv4Address | undefined {
    while (this.ahead > 0) {
      const address = this.next;
      const range = rangeOf(this.excluded, address);
      const end = range === undefined ? address : Math.min(range.last, this.last);
      this.ahead -= end - address + 1;
      this.next = this.after(end);
      if (range !== undefined || this.left.has(address)) continue;
      const text = ipv4OfNumber(address);
      if (isFree(text)) return text;
    }
    for (const address of this.left) {
      this.left.delete(address);
      const text = ipv4OfNumber(address);
      if (rangeOf(this.excluded, address) === undefined && isFree(text)) return text;
    }
    return undefined;
  }

  /** Takes back an address that a pod has left: it is given out last. */
  release(address: number): void {
    this.left.delete(address);
    this.left.add(address);
  }

  private after(address: number): number {
    return this.first <= address && address < this.last ? address + 1 : this.first;
  }
}

/** One of a port's addresses. */
export type PortAddress = IpAddress | MacAddress;

/** The pools of all switches. A pool is made when a pod first needs an address there. */
export class AddressPools {
  private readonly pools = new Map<string, { readonly key: string; readonly pool: AddressPool }>();

  /**
   * Returns the pool of a switch; `undefined` if the switch has no IPv4 subnet. Makes a new one if its subnet or its
   * excluded addresses have changed.
   * @param used the addresses of the switch's ports
   */
  poolOf(
    name: string,
    { v4, excluded }: Pick<PodSubnets, 'v4' | 'excluded'>,
    used: () => Iterable<PortAddress>,
  ): AddressPool | undefined {
    if (v4 === undefined) return undefined;
    const key = JSON.stringify([v4, excluded]);
    const known = this.pools.get(name);
    if (known?.key === key) return known.pool;
    const pool = new AddressPool(v4, excluded, highest(new AddressPool(v4, [], undefined), used()));
    this.pools.set(name, { key, pool });
    return pool;
  }

  /** Takes back an address that no port has any more. */
  release(address: PortAddress): void {
    const value = ipv4Of(address);
    if (value === undefined) return;
    for (const { pool } of this.pools.values()) if (pool.has(value)) pool.release(value);
  }
}

function highest(pool: AddressPool, used: Iterable<PortAddress>): number | undefined {
  let found: number | undefined;
  for (const address of used) {
    const value = ipv4Of(address);
    if (value !== undefined && pool.has(value) && value > (found ?? -1)) found = value;
  }
  return found;
}

function ipv4Of(address: PortAddress): number | undefined {
  // A MAC has colons, as an IPv6 address has.
  const ip = address as IpAddress;
  return isIpv4(ip) ? ipv4Number(ip) : undefined;
}
