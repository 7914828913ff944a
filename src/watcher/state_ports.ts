import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NorthboundView } from '../ovn/connection.js';
import type { Change } from '../ovsdb/cache.js';
import type { RowOf, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';

type LogicalPort = RowOf<typeof ovnNorthbound, 'Logical_Switch_Port'>;
type LogicalSwitch = RowOf<typeof ovnNorthbound, 'Logical_Switch'>;

/** The northbound's logical ports and switches by name, and their addresses. An update costs what changed. */
export class PortIndex {
  private readonly ports = new Map<string, LogicalPort>();
  private readonly switches = new Map<string, LogicalSwitch>();
  /** The name of the switch of each port. */
  private readonly switchNames = new Map<Uuid, string>();
  /** How many ports have an address or a MAC: two, while it moves from one port to another. */
  private readonly holders = new Map<string, number>();

  /** Takes over all rows of a database. */
  load(db: NorthboundView): void {
    for (const row of db.table('Logical_Switch').values()) this.putSwitch(undefined, row);
    for (const row of db.table('Logical_Switch_Port').values()) this.putPort(undefined, row);
  }

  /** Takes over the changes of one batch. */
  apply(changes: readonly Change[]): void {
    for (const { table, old, row } of changes) {
      if (table === 'Logical_Switch')
        this.putSwitch(old as LogicalSwitch | undefined, row as LogicalSwitch | undefined);
      if (table === 'Logical_Switch_Port')
        this.putPort(old as LogicalPort | undefined, row as LogicalPort | undefined);
    }
  }

  port(name: string): LogicalPort | undefined {
    return this.ports.get(name);
  }

  switchNamed(name: string): LogicalSwitch | undefined {
    return this.switches.get(name);
  }

  /** Returns the switch that a port is on. */
  switchOf(port: Uuid): LogicalSwitch | undefined {
    const name = this.switchNames.get(port);
    return name === undefined ? undefined : this.switches.get(name);
  }

  /** Whether a port has the address or the MAC, either static or allocated by OVN. */
  isTaken(address: IpAddress | MacAddress): boolean {
    return this.holders.has(address);
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
    if (row !== undefined) this.ports.set(row.name, row);
    for (const text of addressesOf(old)) this.count(text, -1);
    for (const text of addressesOf(row)) this.count(text, 1);
  }

  private count(text: string, change: 1 | -1): void {
    const count = (this.holders.get(text) ?? 0) + change;
    if (count > 0) this.holders.set(text, count);
    else this.holders.delete(text);
  }
}

function addressesOf(port: LogicalPort | undefined): readonly string[] {
  if (port === undefined) return [];
  return [...port.addresses, port.dynamic_addresses ?? ''].flatMap((text) => text.split(/\s+/));
}
