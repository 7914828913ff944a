import type { NorthboundTransaction, NorthboundView } from '../../src/ovn/connection.js';
import type { AnyRow, Change } from '../../src/ovsdb/cache.js';
import type { ConnectionState } from '../../src/ovsdb/client.js';
import type { AnyColumn, RowInput, RowOf, TableName, Uuid } from '../../src/ovsdb/columns.js';
import { ovnNorthbound } from '../../src/ovsdb/tables/ovn_northbound.js';
import { Transaction } from '../../src/ovsdb/transaction.js';
import { emptyValue, fromWire, type Value } from '../../src/ovsdb/values.js';

type Schema = typeof ovnNorthbound;
type Table = TableName<Schema>;
type Row = Readonly<Record<string, Value>>;

/** An operation of a transaction as it is sent (RFC 7047 section 5.2). */
interface Operation {
  readonly op: string;
  readonly table: Table;
  readonly row?: Readonly<Record<string, unknown>>;
  readonly where?: readonly (readonly [string, string, readonly ['uuid', Uuid]])[];
  readonly mutations?: readonly (readonly [column: string, mutator: 'insert' | 'delete', value: unknown])[];
}

/**
 * A northbound database in memory: it applies the operations that the watcher sends, deletes logical ports that no
 * switch has and references to load balancers that are gone, as ovsdb-server does, and notifies of what changed.
 */
export class FakeNorthbound implements NorthboundView {
  isConnected = true;
  /** The strings that some column takes, beyond those that OVN 23.03 knows. */
  readonly allowed = new Set<string>();
  /** The operations of each transaction that was committed, without its comment. */
  readonly committed: (readonly Operation[])[] = [];
  /** Why the next transaction fails. */
  failure: Error | undefined;
  private readonly tables = new Map<string, Map<Uuid, AnyRow>>(
    Object.keys(ovnNorthbound.tables).map((name) => [name, new Map()]),
  );
  private readonly listeners = new Set<(changes: readonly Change[]) => void>();
  private readonly stateListeners = new Set<(state: ConnectionState) => void>();
  private made = 0;

  table<N extends Table>(name: N): ReadonlyMap<Uuid, RowOf<Schema, N>> {
    return this.rows(name) as unknown as ReadonlyMap<Uuid, RowOf<Schema, N>>;
  }

  find<N extends Table>(name: N, wanted: (row: RowOf<Schema, N>) => boolean): RowOf<Schema, N> | undefined {
    return this.filter(name, wanted)[0];
  }

  filter<N extends Table>(name: N, wanted: (row: RowOf<Schema, N>) => boolean): RowOf<Schema, N>[] {
    return [...this.table(name).values()].filter(wanted);
  }

  allows(_table: Table, _column: string, value: string): boolean {
    return this.allowed.has(value);
  }

  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  async until<T>(evaluate: () => T | undefined): Promise<T> {
    const found = evaluate();
    if (found === undefined) throw new Error('what a fake database does is seen at once, or never');
    return found;
  }

  transaction(comment: string): NorthboundTransaction {
    return new Transaction<Schema>(ovnNorthbound, comment, {
      send: async (_database, operations) => this.commit(operations as readonly Operation[]),
    });
  }

  /** Connects or disconnects. */
  setConnected(isConnected: boolean): void {
    this.isConnected = isConnected;
    for (const listener of this.stateListeners) listener(isConnected ? 'connected' : 'disconnected');
  }

  /** Inserts a row, as another client does. */
  insert<N extends Table>(table: N, columns: RowInput<Schema, N>): Uuid {
    const uuid = this.newUuid();
    this.change(() => this.put(table, uuid, columns as Row));
    return uuid;
  }

  /** Inserts a port on a switch, as another client does. */
  insertPort(on: Uuid, columns: RowInput<Schema, 'Logical_Switch_Port'>): Uuid {
    const uuid = this.newUuid();
    const ports = this.table('Logical_Switch').get(on)?.ports ?? [];
    this.change(() => {
      this.put('Logical_Switch_Port', uuid, columns as Row);
      this.put('Logical_Switch', on, { ports: [...ports, uuid] });
    });
    return uuid;
  }

  /** Changes columns of a row, as another client does. */
  update<N extends Table>(table: N, uuid: Uuid, columns: RowInput<Schema, N>): void {
    this.change(() => this.put(table, uuid, columns as Row));
  }

  /** Deletes a row, as another client does. */
  delete(table: Table, uuid: Uuid): void {
    this.change(() => this.rows(table).delete(uuid));
  }

  private commit(operations: readonly Operation[]): unknown[] {
    if (this.failure !== undefined) throw this.failure;
    const uuids = operations.map(() => this.newUuid());
    const named = (text: string) => uuids[Number(text.replace('row', ''))];
    const real: readonly Operation[] = JSON.parse(JSON.stringify(operations), (_key, value) =>
      Array.isArray(value) && value[0] === 'named-uuid' ? ['uuid', named(value[1])] : value,
    );
    this.committed.push(real.filter(({ op }) => op !== 'comment'));
    this.change(() => {
      for (const [i, operation] of real.entries()) this.apply(operation, uuids[i] ?? this.newUuid());
    });
    return uuids.map((uuid) => ({ uuid: ['uuid', uuid] }));
  }

  private apply({ op, table, row = {}, where, mutations = [] }: Operation, fresh: Uuid): void {
    const uuid = where?.[0]?.[2][1] ?? fresh;
    const before = this.rows(table ?? '').get(uuid);
    if (op === 'insert' || op === 'update') {
      const columns = Object.entries(row).map(([name, wire]) => [
        name,
        fromWire(columnOf(table, name), wire),
      ]);
      this.put(table, uuid, Object.fromEntries(columns));
    } else if (op === 'delete') {
      this.rows(table).delete(uuid);
    } else if (op === 'mutate' && before !== undefined) {
      for (const [name, mutator, wire] of mutations) {
        const old = this.rows(table).get(uuid)?.[name];
        this.put(table, uuid, { [name]: mutated(columnOf(table, name), old, mutator, wire) });
      }
    }
  }

  private put(table: string, uuid: Uuid, columns: Row): void {
    const empty = Object.entries(ovnNorthbound.tables[table as Table]).map(([name, column]) => [
      name,
      emptyValue(column),
    ]);
    const old = this.rows(table).get(uuid) ?? Object.fromEntries(empty);
    this.rows(table).set(uuid, { ...old, ...columns, _uuid: uuid });
  }

  /** Runs `act` and what follows from it, and notifies the listeners of all that changed. */
  private change(act: () => void): void {
    const before = new Map([...this.tables].map(([name, rows]) => [name, new Map(rows)]));
    act();
    this.collectGarbage();
    const changes = [...this.tables].flatMap(([table, rows]): Change[] => {
      const old = before.get(table) ?? new Map<Uuid, AnyRow>();
      const uuids = new Set([...old.keys(), ...rows.keys()]);
      return [...uuids]
        .filter((uuid) => old.get(uuid) !== rows.get(uuid))
        .map((uuid) => ({ table, old: old.get(uuid), row: rows.get(uuid) }));
    });
    for (const listener of this.listeners) listener(changes);
  }

  private collectGarbage(): void {
    const held = new Set(this.filter('Logical_Switch', () => true).flatMap(({ ports }) => ports));
    for (const uuid of this.table('Logical_Switch_Port').keys())
      if (!held.has(uuid)) this.rows('Logical_Switch_Port').delete(uuid);
    for (const table of ['Logical_Switch', 'Logical_Router', 'Load_Balancer_Group'] as const)
      for (const { _uuid, load_balancer } of this.table(table).values()) {
        const left = load_balancer.filter((uuid) => this.table('Load_Balancer').has(uuid));
        if (left.length < load_balancer.length) this.put(table, _uuid, { load_balancer: left });
      }
  }

  private rows(table: string): Map<Uuid, AnyRow> {
    return this.tables.get(table) ?? new Map();
  }

  private newUuid(): Uuid {
    this.made++;
    return `00000000-0000-4000-8000-${String(this.made).padStart(12, '0')}` as Uuid;
  }
}

function columnOf(table: Table, name: string): AnyColumn {
  const columns: Readonly<Record<string, AnyColumn>> = ovnNorthbound.tables[table];
  const column = columns[name];
  if (column === undefined) throw new Error(`no column ${table}.${name}`);
  return column;
}

/** Applies a mutation of a set or a map (RFC 7047 section 5.1, "<mutation>"). */
function mutated(column: AnyColumn, old: Value, mutator: 'insert' | 'delete', wire: unknown): Value {
  if (old instanceof Map) {
    if (mutator === 'insert') return new Map([...(fromWire(column, wire) as Map<string, string>), ...old]);
    const [, keys] = wire as readonly ['set', readonly string[]];
    return new Map([...old].filter(([key]) => !keys.includes(key)));
  }
  const [before, given] = [old as readonly Uuid[], fromWire(column, wire) as readonly Uuid[]];
  return mutator === 'insert'
    ? [...new Set([...before, ...given])]
    : before.filter((one) => !given.includes(one));
}
