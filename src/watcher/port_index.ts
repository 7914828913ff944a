import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NorthboundView } from '../ovn/connection.js';
import type { Change } from '../ovsdb/cache.js';
import type { RowOf, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';

export type Port = RowOf<typeof ovnNorthbound, 'Logical_Switch_Port'>;
export type Switch = RowOf<typeof ovnNorthbound, 'Logical_Switch'>;

/** Logical ports and switches by what they are looked up by. A change costs what has changed. */
export class PortIndex {
  private readonly ports = new Map<string, Port>();
  private readonly switches = new Map<string, Switch>();
  private readonly owners = new Map<Uuid, string>();
  /** How many ports have an address or a MAC: while two change places there can be two. */
  private readonly holders = new Map<string, number>();

  constructor(db: NorthboundView) {
    for (const row of db.table('Logical_Switch').values()) this.putSwitch(undefined, row);
    for (const row of db.table('Logical_Switch_Port').values()) this.putPort(undefined, row);
  }

  /** Takes over what the database says has changed. */
  apply(changes: readonly Change[]): void {
    for (const { table, old, row } of changes) {
      if (table === 'Logical_Switch') this.putSwitch(old as Switch | undefined, row as Switch | undefined);
      if (table === 'Logical_Switch_Port') this.putPort(old as Port | undefined, row as Port | undefined);
    }
  }

  port(name: string): Port | undefined {
    return this.ports.get(name);
  }

  switchNamed(name: string): Switch | undefined {
    return this.switches.get(name);
  }

  /** The switch that a port is on. */
  switchOf(port: Uuid): Switch | undefined {
    const name = this.owners.get(port);
    return name === undefined ? undefined : this.switches.get(name);
  }

  /** Whether a port has the address or the MAC, of its own or given out by OVN. */
  isTaken(address: IpAddress | MacAddress): boolean {
    return this.holders.has(address);
  }

  private putSwitch(old: Switch | undefined, row: Switch | undefined): void {
    if (old !== undefined && old.name !== row?.name) this.switches.delete(old.name);
    if (row !== undefined) this.switches.set(row.name, row);
    const now = new Set(row?.ports);
    for (const port of old?.ports ?? [])
      if (!now.has(port) && this.owners.get(port) === old?.name) this.owners.delete(port);
    for (const port of now) this.owners.set(port, row?.name ?? '');
  }

  private putPort(old: Port | undefined, row: Port | undefined): void {
    if (old !== undefined && this.ports.get(old.name)?._uuid === old._uuid) this.ports.delete(old.name);
    if (row !== undefined) this.ports.set(row.name, row);
    for (const text of addressesOf(old)) this.hold(text, -1);
    for (const text of addressesOf(row)) this.hold(text, 1);
  }

  private hold(text: string, change: 1 | -1): void {
    const count = (this.holders.get(text) ?? 0) + change;
    if (count > 0) this.holders.set(text, count);
    else this.holders.delete(text);
  }
}

function addressesOf(port: Port | undefined): readonly string[] {
  if (port === undefined) return [];
  return [...port.addresses, port.dynamic_addresses ?? ''].flatMap((text) => text.split(/\s+/));
}
