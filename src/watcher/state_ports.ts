import { parseIp } from '../net/ip.js';
import { parseMac } from '../net/mac.js';
import type { NorthboundView } from '../ovn/connection.js';
import type { PodSubnets } from '../ovn/pod_subnets.js';
import { podKeyOf } from '../ovn/pods.js';
import type { Change } from '../ovsdb/cache.js';
import type { RowOf, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { type AddressPool, AddressPools, type PortAddress } from './state_address_pools.js';

export type LogicalPort = RowOf<typeof ovnNorthbound, 'Logical_Switch_Port'>;
export type LogicalSwitch = RowOf<typeof ovnNorthbound, 'Logical_Switch'>;
type RouterPort = RowOf<typeof ovnNorthbound, 'Logical_Router_Port'>;

/** What a row of a port was found right for, and the addresses that it has. */
interface RightPort {
  readonly wanted: string;
  readonly addresses: readonly PortAddress[];
}

/** How many deleted pods' ports are remembered. */
const REMEMBERED = 4096;

/** The northbound's logical ports and switches by name, and their addresses. An update costs what changed. */
export class PortIndex {
  private readonly ports = new Map<string, LogicalPort>();
  private readonly portsByUuid = new Map<Uuid, LogicalPort>();
  private readonly switches = new Map<string, LogicalSwitch>();
  /** The name of the switch of each port. */
  private readonly switchNames = new Map<Uuid, string>();
  /** How many ports have an address or a MAC: two, while it moves from one port to another. */
  private readonly holders = new Map<PortAddress, number>();
  /** The addresses that several ports have. */
  private readonly shared = new Set<PortAddress>();
  private readonly pools = new AddressPools();
  /** What each row was compared with that was found right: a check of it costs nothing until one of them changes. */
  private readonly right = new WeakMap<LogicalPort, RightPort>();
  /** The last row of pods' ports that were deleted, by name. */
  private readonly deleted = new Map<string, LogicalPort>();

  /** Takes over all rows of a database. */
  load(db: NorthboundView): void {
    for (const row of db.table('Logical_Switch').values()) this.putSwitch(undefined, row);
    for (const row of db.table('Logical_Switch_Port').values()) this.putPort(undefined, row);
    for (const row of db.table('Logical_Router_Port').values()) this.putAddresses([], routerAddressesOf(row));
  }

  /** Takes over the changes of one batch. */
  apply(changes: readonly Change[]): void {
    for (const { table, old, row } of changes) {
      if (table === 'Logical_Switch')
        this.putSwitch(old as LogicalSwitch | undefined, row as LogicalSwitch | undefined);
      if (table === 'Logical_Switch_Port')
        this.putPort(old as LogicalPort | undefined, row as LogicalPort | undefined);
      if (table === 'Logical_Router_Port')
        this.putAddresses(
          routerAddressesOf(old as RouterPort | undefined),
          routerAddressesOf(row as RouterPort | undefined),
        );
    }
  }

  port(name: string): LogicalPort | undefined {
    return this.ports.get(name);
  }

  /** Returns the last row of a pod's port that was deleted; `undefined` if it is not remembered. */
  deletedPort(name: string): LogicalPort | undefined {
    return this.deleted.get(name);
  }

  switchNamed(name: string): LogicalSwitch | undefined {
    return this.switches.get(name);
  }

  /** Returns the switch that a port is on. */
  switchOf(port: Uuid): LogicalSwitch | undefined {
    const name = this.switchNames.get(port);
    return name === undefined ? undefined : this.switches.get(name);
  }

  /** Whether this row of a port was found right for `wanted`, and no other port has one of its addresses since. */
  isRight(port: LogicalPort, wanted: string): boolean {
    const right = this.right.get(port);
    return right?.wanted === wanted && !right.addresses.some((address) => this.shared.has(address));
  }

  /** Remembers that this row of a port, which has these addresses, is right for `wanted`. */
  setRight(port: LogicalPort, wanted: string, addresses: readonly PortAddress[]): void {
    this.right.set(port, { wanted, addresses });
  }

  /** Whether a port has the address or the MAC, either static or allocated by OVN. */
  isTaken(address: PortAddress): boolean {
    return this.holders.has(address);
  }

  /** Returns another port of the switch that has one of these addresses too; `undefined` if none has. */
  rivalOf(port: LogicalPort, addresses: readonly PortAddress[], on: LogicalSwitch): LogicalPort | undefined {
    const shared = addresses.filter((address) => this.shared.has(address));
    if (shared.length === 0) return undefined;
    const others = on.ports.flatMap((uuid) => this.portsByUuid.get(uuid) ?? []);
    return others.find((one) => one !== port && addressesOf(one).some((address) => shared.includes(address)));
  }

  /** Returns the IPv4 addresses for pods on a switch; `undefined` if it has no IPv4 subnet. */
  poolOf({ name, ports }: LogicalSwitch, subnets: PodSubnets): AddressPool | undefined {
    return this.pools.poolOf(name, subnets, () =>
      ports.flatMap((uuid) => addressesOf(this.portsByUuid.get(uuid))),
    );
  }

  /** Gives back those of these addresses that no port has: the transaction that would have used them failed. */
  giveBack(addresses: Iterable<PortAddress>): void {
    for (const address of addresses) if (!this.isTaken(address)) this.pools.release(address);
  }

  private putSwitch(old: LogicalSwitch | undefined, row: LogicalSwitch | undefined): void {
    if (old !== undefined && old.name !== row?.name) this.switches.delete(old.name);
    if (row !== undefined) this.switches.set(row.name, row);
    const now = new Set(row?.ports);
    for (const port of old?.ports ?? [])
      if (!now.has(port) && this.switchNames.get(port) === old?.name) this.switchNames.delete(port);
    for (const port of now) this.switchNames.set(port, row?.name ?? '');
  }

  private putPort(old: LogicalPort | undefined, row: LogicalPort | undefined): void {
    if (old !== undefined && this.ports.get(old.name)?._uuid === old._uuid) this.ports.delete(old.name);
    if (row !== undefined) {
      this.ports.set(row.name, row);
      this.portsByUuid.set(row._uuid, row);
    } else if (old !== undefined) {
      this.portsByUuid.delete(old._uuid);
      this.remember(old);
    }
    this.putAddresses(addressesOf(old), addressesOf(row));
  }

  private remember(port: LogicalPort): void {
    if (podKeyOf(port) === undefined) return;
    this.deleted.delete(port.name);
    this.deleted.set(port.name, port);
    if (this.deleted.size <= REMEMBERED) return;
    for (const oldest of this.deleted.keys()) {
      this.deleted.delete(oldest);
      return;
    }
  }

  private putAddresses(old: readonly PortAddress[], now: readonly PortAddress[]): void {
    for (const address of now) {
      const count = (this.holders.get(address) ?? 0) + 1;
      this.holders.set(address, count);
      if (count > 1) this.shared.add(address);
    }
    for (const address of old) {
      const count = (this.holders.get(address) ?? 0) - 1;
      if (count <= 1) this.shared.delete(address);
      if (count > 0) this.holders.set(address, count);
      else if (this.holders.delete(address)) this.pools.release(address);
    }
  }
}

function addressesOf(port: LogicalPort | undefined): PortAddress[] {
  if (port === undefined) return [];
  return [...port.addresses, port.dynamic_addresses ?? ''].flatMap((text) =>
    text.split(/\s+/).flatMap((part) => readAddress(part) ?? []),
  );
}

function routerAddressesOf(port: RouterPort | undefined): PortAddress[] {
  if (port === undefined) return [];
  const texts = [port.mac, ...port.networks.map((network) => network.split('/')[0] ?? '')];
  return texts.flatMap((text) => readAddress(text) ?? []);
}

/** Reads an IP address or a MAC, so that both are found however they are spelled; `undefined` for anything else. */
function readAddress(text: string): PortAddress | undefined {
  if (!/[:.]/.test(text)) return undefined;
  try {
    return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? parseMac(text) : parseIp(text);
  } catch {
    return undefined;
  }
}
