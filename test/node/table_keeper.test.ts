import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import type { NftCommand } from '../../src/host/nft.js';
import type { Sets } from '../../src/node/desired_sets.js';
import { TableKeeper } from '../../src/node/table_keeper.js';
import { GOLDEN_RULES as RULES } from './golden.js';

/** A kernel that has one table, as `nft -j` would list it. */
class FakeNft {
  readonly ran: (readonly NftCommand[])[] = [];
  failing: Error | undefined;
  private objects: NftCommand[] | undefined;
  private tables = 0;
  /** Called once, while the table is being listed. */
  during: (() => void) | undefined;

  async list(): Promise<readonly NftCommand[] | undefined> {
    if (this.failing !== undefined) throw this.failing;
    const { objects, during } = this;
    this.during = undefined;
    during?.();
    return objects;
  }

  async run(commands: readonly NftCommand[]): Promise<void> {
    if (this.failing !== undefined) throw this.failing;
    this.ran.push(commands);
    for (const command of commands) this.apply(command as Record<string, Record<string, Body>>);
  }

  /** Makes the table anew with what it had, as a firewall does that restores what it saved. */
  restore(saved: readonly NftCommand[]): void {
    const others = saved.filter(({ table }) => table === undefined);
    this.objects = [{ table: { handle: ++this.tables } }, ...structuredClone(others)];
  }

  /** Changes the table behind the keeper. */
  change(change: (objects: NftCommand[]) => NftCommand[]): void {
    this.objects = change(this.objects ?? []);
  }

  private apply({ add, delete: gone }: Record<string, Record<string, Body>>): void {
    if (gone?.table !== undefined) this.objects = undefined;
    if (add?.table !== undefined) this.objects ??= [{ table: { handle: ++this.tables } }];
    if (add?.element === undefined && add !== undefined && add.table === undefined) this.objects?.push(add);
    for (const { name, elem } of [gone?.element, add?.element].flatMap((one) => one ?? [])) {
      const set = this.find(name);
      const keys = (elem ?? []).map((one) => JSON.stringify(gone === undefined ? keyOf(one) : one));
      const kept = (set?.elem ?? []).filter((one) => !keys.includes(JSON.stringify(keyOf(one))));
      if (set !== undefined) set.elem = gone === undefined ? [...kept, ...(elem ?? [])] : kept;
    }
  }

  private find(name: string): Body | undefined {
    const all = (this.objects ?? []) as Record<string, Body>[];
    return all.map(({ set, map }) => set ?? map).find((one) => one?.name === name);
  }
}

interface Body {
  name: string;
  elem?: unknown[];
}

function keyOf(element: unknown): unknown {
  return Array.isArray(element) ? element[0] : element;
}

function nodePorts(...pairs: readonly [key: string, value: string][]): Sets {
  return new Map([['node_port4', new Map(pairs)]]);
}

const ONE = nodePorts(['tcp 30080', '10.96.0.1 80']);

test('the first step makes the table, and the next one sends nothing', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  t.is(nft.ran.length, 1);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  t.is(nft.ran.length, 1);
  t.is(keeper.sizeOf('node_port4'), 1);
});

test('a restart that finds the right table sends nothing, and keeps the sets that are not known yet', async (t) => {
  const nft = new FakeNft();
  await new TableKeeper(SILENT, nft).keep({ rules: RULES, sets: ONE, changes: undefined });
  const restarted = new TableKeeper(SILENT, nft);
  await restarted.keep({ rules: RULES, sets: new Map(), changes: undefined });
  await restarted.keep({ rules: RULES, sets: ONE, changes: undefined });
  t.is(nft.ran.length, 1);
});

test('a changed service sends its own elements only, the old ones first', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  const sets = nodePorts(['tcp 30080', '10.96.0.2 80'], ['udp 30080', '10.96.0.2 80']);
  const changes = ['tcp 30080', 'udp 30080'].map((key) => ({ set: 'node_port4', key }));
  await keeper.keep({ rules: RULES, sets, changes });
  const names = (nft.ran[1] ?? []).map((command) =>
    Object.entries(command as Record<string, Record<string, Body>>).map(
      ([action, { element }]) => `${action} ${element?.elem?.length} ${element?.name}`,
    ),
  );
  t.deepEqual(names.flat(), [
    'delete 1 node_port4_address',
    'delete 1 node_port4_port',
    'add 2 node_port4_address',
    'add 2 node_port4_port',
  ]);
});

test('a step returns the elements that it changed, and all of them if it replaced the table', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  const http = { set: 'node_port4', key: 'tcp 30080' };
  const dns = { set: 'node_port4', key: 'udp 30053' };
  t.deepEqual(await keeper.keep({ rules: RULES, sets: ONE, changes: undefined }), [http]);
  t.deepEqual(await keeper.keep({ rules: RULES, sets: ONE, changes: [http] }), []);
  const sets = nodePorts(['udp 30053', '10.96.0.10 53']);
  const changed = await keeper.keep({ rules: RULES, sets, changes: [http, dns] });
  t.deepEqual(
    changed.map(({ set, key }) => ({ set, key })),
    [http, dns],
  );
  nft.change(() => []);
  keeper.audit({ elements: false });
  t.deepEqual(await keeper.keep({ rules: RULES, sets, changes: [] }), [dns]);
});

test('an audit finds what others changed: elements are repaired, and rules by the whole table', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  await nft.run([
    { delete: { element: { name: 'node_port4_address', elem: [{ concat: ['tcp', 30_080] }] } } },
  ]);
  await keeper.keep({ rules: RULES, sets: ONE, changes: [] });
  t.is(nft.ran.length, 2, 'nothing says so before an audit');
  keeper.audit({ elements: true });
  await keeper.keep({ rules: RULES, sets: ONE, changes: [] });
  t.is(keeper.totals.tables, 2, 'half of an element is not ours');
  nft.change((objects) => objects.filter((one) => one.rule === undefined));
  keeper.audit({ elements: false });
  await keeper.keep({ rules: RULES, sets: ONE, changes: [] });
  t.is(keeper.totals.tables, 3);
  nft.change(() => []);
  keeper.audit({ elements: false });
  await keeper.keep({ rules: RULES, sets: ONE, changes: [] });
  t.is(keeper.totals.tables, 4);
});

test('after a failure the table is read back and compared whole', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  nft.failing = new Error('no memory');
  const sets = nodePorts(['udp 30080', '10.96.0.2 80']);
  const changes = [{ set: 'node_port4', key: 'udp 30080' }];
  await t.throwsAsync(keeper.keep({ rules: RULES, sets, changes }));
  nft.failing = undefined;
  await keeper.keep({ rules: RULES, sets, changes: [] });
  await keeper.keep({ rules: RULES, sets, changes: undefined });
  t.is(nft.ran.length, 2);
  t.is(keeper.sizeOf('node_port4'), 1);
});

test('a change is not lost if the audit before it fails', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  nft.failing = new Error('timed out');
  keeper.audit({ elements: false });
  const sets = nodePorts(['udp 30080', '10.96.0.2 80']);
  const changes = ['tcp 30080', 'udp 30080'].map((key) => ({ set: 'node_port4', key }));
  await t.throwsAsync(keeper.keep({ rules: RULES, sets, changes }));
  nft.failing = undefined;
  await keeper.keep({ rules: RULES, sets, changes: [] });
  t.is(nft.ran.length, 2);
});

test('a table that another program restored as it was earlier is read back whole', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  const saved = structuredClone((await nft.list()) ?? []);
  const sets = nodePorts(['tcp 30080', '10.96.0.1 80'], ['udp 30080', '10.96.0.2 80']);
  await keeper.keep({ rules: RULES, sets, changes: [{ set: 'node_port4', key: 'udp 30080' }] });
  keeper.audit({ elements: false });
  await keeper.keep({ rules: RULES, sets, changes: [] });
  t.is(nft.ran.length, 2, 'the same table needs nothing');
  nft.restore(saved);
  keeper.audit({ elements: false });
  await keeper.keep({ rules: RULES, sets, changes: [] });
  t.is(nft.ran.length, 3);
  t.is(keeper.sizeOf('node_port4'), 2);
});

test('a table that goes while an audit lists it is missed by that audit, and found by the next step', async (t) => {
  const nft = new FakeNft();
  const keeper = new TableKeeper(SILENT, nft);
  await keeper.keep({ rules: RULES, sets: ONE, changes: undefined });
  nft.during = () => {
    nft.change(() => []);
    keeper.audit({ elements: false });
  };
  keeper.audit({ elements: false });
  await keeper.keep({ rules: RULES, sets: ONE, changes: [] });
  t.is(keeper.totals.tables, 1);
  await keeper.keep({ rules: RULES, sets: ONE, changes: [] });
  t.is(keeper.totals.tables, 2);
});
