import { join } from 'node:path';
import type { Host } from '../../lab/host.js';
import { type Client, connect } from '../../src/ovsdb/client.js';
import { database, setOf, string, stringMap, type Uuid, uuid } from '../../src/ovsdb/columns.js';

const northbound = database('OVN_Northbound', {
  Logical_Switch: { name: string, load_balancer: setOf(uuid), load_balancer_group: setOf(uuid) },
  Load_Balancer: { name: string, vips: stringMap },
  Load_Balancer_Group: { name: string, load_balancer: setOf(uuid) },
});

/** The ways to keep virtual addresses: all in one row, as the original does, or a row for each in one group. */
export type Layout = 'one row' | 'rows in a group';

/** Virtual addresses of a bench, written to the northbound database without the watcher. */
export class BalancerRows {
  private constructor(
    private readonly nb: Client<typeof northbound>,
    private readonly nodes: readonly string[],
  ) {}

  /** Connects to the database on a host. `nodes` are the switches that get the load balancers. */
  static async open(host: Host, nodes: readonly string[]): Promise<BalancerRows> {
    const remotes = `unix:${join(host.dir, 'ovn/ovnnb_db.sock')}`;
    return new BalancerRows(await connect(northbound, { remotes, timeoutMs: 30_000 }), nodes);
  }

  /** Writes `count` virtual addresses in one transaction; returns how to change one of them. */
  async write(layout: Layout, count: number): Promise<(number: number, target: string) => Promise<void>> {
    const txn = this.nb.transaction(`${count} virtual addresses`);
    const numbers = Array.from({ length: count }, (_, number) => number);
    const rows =
      layout === 'one row'
        ? [txn.insert('Load_Balancer', { name: 'all', vips: new Map(numbers.map(vipOf)) })]
        : numbers.map((number) =>
            txn.insert('Load_Balancer', { name: `s${number}`, vips: new Map([vipOf(number)]) }),
          );
    const group =
      layout === 'one row'
        ? undefined
        : txn.insert('Load_Balancer_Group', { name: 'bench', load_balancer: rows });
    for (const { _uuid, name } of this.nb.table('Logical_Switch').values()) {
      if (!this.nodes.includes(name)) continue;
      if (group === undefined) txn.mutate('Logical_Switch', _uuid, { load_balancer: { insert: rows } });
      else txn.mutate('Logical_Switch', _uuid, { load_balancer_group: { insert: [group] } });
    }
    const inserted = await txn.commit({ timeoutMs: 60_000 });
    const uuids = rows.map((row) => inserted.get(row));
    return (number, target) => this.change(uuids[layout === 'one row' ? 0 : number], number, target);
  }

  /** Deletes everything that {@link write} wrote. */
  async clear(): Promise<void> {
    const txn = this.nb.transaction('no virtual addresses');
    for (const { _uuid, name } of this.nb.table('Logical_Switch').values())
      if (this.nodes.includes(name))
        txn.update('Logical_Switch', _uuid, { load_balancer: [], load_balancer_group: [] });
    for (const _uuid of this.nb.table('Load_Balancer_Group').keys()) txn.delete('Load_Balancer_Group', _uuid);
    for (const _uuid of this.nb.table('Load_Balancer').keys()) txn.delete('Load_Balancer', _uuid);
    await txn.commit({ timeoutMs: 60_000 });
  }

  close(): void {
    this.nb.close();
  }

  private async change(row: Uuid | undefined, number: number, target: string): Promise<void> {
    if (row === undefined) throw new Error(`there is no row for virtual address ${number}`);
    const [vip] = vipOf(number);
    const txn = this.nb.transaction('one endpoint');
    txn.mutate('Load_Balancer', row, { vips: { set: { [vip]: `${target},${endpoint(number, 2)}` } } });
    await txn.commit();
  }
}

function vipOf(number: number): [vip: string, targets: string] {
  const targets = `${endpoint(number, 1)},${endpoint(number, 2)}`;
  return [`10.96.${number >> 8}.${number & 255}:80`, targets];
}

function endpoint(number: number, k: number): string {
  return `10.${150 + k}.${number >> 8}.${number & 255}:8080`;
}
