import test from 'ava';
import type { Northbound } from '../../src/ovn/connection.js';
import { type Wanted, wanted } from '../../src/ovn/rows.js';
import { WaitTimedOut } from '../../src/ovsdb/errors.js';
import { emptyNorthbound, reconcile, reconciliation, write } from './northbound.js';

const MARK = { owner: 'us' } as const;
const ANYWHERE = '0.0.0.0/0';

function port(name: string, networks: readonly string[] = ['192.0.2.1/24']): Wanted {
  return wanted('Logical_Router_Port', {
    is: { name },
    set: { networks },
    initially: { mac: '02:00:00:00:00:01' },
  });
}

function route(prefix: string, nexthop: string): Wanted {
  return wanted('Logical_Router_Static_Route', {
    is: { ip_prefix: prefix },
    set: { nexthop },
    pairs: { external_ids: MARK },
  });
}

function router(holds: Wanted['holds'], more: Partial<Pick<Wanted, 'pairs' | 'sheds'>> = {}): Wanted {
  return wanted('Logical_Router', { is: { name: 'r' }, holds, ...more });
}

function theRouter(nb: Northbound) {
  const row = nb.find('Logical_Router', ({ name }) => name === 'r');
  if (row === undefined) throw new Error('there is no router');
  return row;
}

function routesOf(nb: Northbound): string[] {
  const rows = theRouter(nb).static_routes.flatMap(
    (uuid) => nb.table('Logical_Router_Static_Route').get(uuid) ?? [],
  );
  return rows.map(({ ip_prefix, nexthop }) => `${ip_prefix} ${nexthop}`).toSorted();
}

test('a missing row is inserted with the rows that it holds', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, [
    router(
      { ports: [port('p')], static_routes: [route(ANYWHERE, '192.0.2.9')] },
      { pairs: { options: { chassis: 'c', absent: undefined } } },
    ),
  ]);
  t.deepEqual([...theRouter(nb).options], [['chassis', 'c']]);
  t.deepEqual(routesOf(nb), [`${ANYWHERE} 192.0.2.9`]);
  const [uuid] = theRouter(nb).ports;
  t.like(uuid && nb.table('Logical_Router_Port').get(uuid), {
    name: 'p',
    mac: '02:00:00:00:00:01',
    networks: ['192.0.2.1/24'],
  });
});

test('rows that are as desired need no operation', async (t) => {
  const nb = await emptyNorthbound(t);
  const roots = [
    router(
      {
        ports: [port('p', ['192.0.2.1/24', '2001:db8::1/64'])],
        static_routes: [route(ANYWHERE, '192.0.2.9')],
      },
      { pairs: { options: { chassis: 'c', absent: undefined } }, sheds: { static_routes: MARK } },
    ),
  ];
  await reconcile(nb, roots);
  t.true(reconciliation(nb, roots).isEmpty);
  const reordered = [port('p', ['2001:db8::1/64', '192.0.2.1/24'])];
  t.true(reconciliation(nb, [router({ ports: reordered })]).isEmpty, 'a set has no order');
});

test('a column that differs is updated, and one that is set initially keeps its value', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, [router({ ports: [port('p')] })]);
  const [uuid] = theRouter(nb).ports;
  if (uuid === undefined) throw new Error('there is no port');
  await write(nb, (txn) => txn.update('Logical_Router_Port', uuid, { mac: '02:00:00:00:00:99' }));
  await reconcile(nb, [router({ ports: [port('p', ['198.51.100.1/24'])] })]);
  t.like(nb.table('Logical_Router_Port').get(uuid), {
    mac: '02:00:00:00:00:99',
    networks: ['198.51.100.1/24'],
  });
});

test("pairs are set and deleted, and other programs' pairs stay", async (t) => {
  const nb = await emptyNorthbound(t);
  await write(nb, (txn) => {
    txn.insert('Logical_Router', {
      name: 'r',
      options: new Map([
        ['chassis', 'old'],
        ['gone', 'x'],
        ['theirs', 'y'],
      ]),
    });
  });
  await reconcile(nb, [router({}, { pairs: { options: { chassis: 'new', gone: undefined } } })]);
  t.deepEqual(
    theRouter(nb).options,
    new Map([
      ['chassis', 'new'],
      ['theirs', 'y'],
    ]),
  );
});

test('held rows are added and removed; without the mark they are not removed', async (t) => {
  const nb = await emptyNorthbound(t);
  const routes = (...all: Wanted[]) => [router({ static_routes: all }, { sheds: { static_routes: MARK } })];
  await reconcile(nb, routes(route('10.1.0.0/16', '192.0.2.1'), route('10.2.0.0/16', '192.0.2.2')));
  await write(nb, (txn) => {
    const theirs = txn.insert('Logical_Router_Static_Route', { ip_prefix: ANYWHERE, nexthop: '192.0.2.3' });
    txn.mutate('Logical_Router', theRouter(nb)._uuid, { static_routes: { insert: [theirs] } });
  });
  await reconcile(nb, routes(route('10.2.0.0/16', '192.0.2.2'), route('10.4.0.0/16', '192.0.2.4')));
  t.deepEqual(routesOf(nb), [`${ANYWHERE} 192.0.2.3`, '10.2.0.0/16 192.0.2.2', '10.4.0.0/16 192.0.2.4']);
  await reconcile(nb, [router({}, { sheds: { static_routes: MARK } })]);
  t.deepEqual(routesOf(nb), [`${ANYWHERE} 192.0.2.3`]);
});

test('without a mark to shed by, no held row is removed', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, [router({ static_routes: [route('10.1.0.0/16', '192.0.2.1')] })]);
  t.true(reconciliation(nb, [router({ static_routes: [] })]).isEmpty);
  t.deepEqual(routesOf(nb), ['10.1.0.0/16 192.0.2.1']);
});

test('a held row is looked for among its siblings only', async (t) => {
  const nb = await emptyNorthbound(t);
  const other = wanted('Logical_Router', {
    is: { name: 'other' },
    holds: { static_routes: [route(ANYWHERE, '192.0.2.1')] },
  });
  await reconcile(nb, [other]);
  await reconcile(nb, [router({ static_routes: [route(ANYWHERE, '192.0.2.2')] })]);
  t.deepEqual(routesOf(nb), [`${ANYWHERE} 192.0.2.2`]);
  t.is(nb.table('Logical_Router_Static_Route').size, 2);
});

test('a row that two rows hold is inserted once, and found again by its name', async (t) => {
  const nb = await emptyNorthbound(t);
  const group = wanted('Load_Balancer_Group', { is: { name: 'g' } });
  const roots = [
    group,
    router({ load_balancer_group: [group] }),
    wanted('Logical_Switch', { is: { name: 's' }, holds: { load_balancer_group: [group] } }),
  ];
  await reconcile(nb, roots);
  t.is(nb.table('Load_Balancer_Group').size, 1);
  const [uuid] = nb.table('Load_Balancer_Group').keys();
  t.deepEqual(theRouter(nb).load_balancer_group, uuid === undefined ? [] : [uuid]);
  await write(nb, (txn) => {
    const theirs = txn.insert('Load_Balancer', { name: 'theirs' });
    if (uuid !== undefined) txn.mutate('Load_Balancer_Group', uuid, { load_balancer: { insert: [theirs] } });
  });
  t.true(reconciliation(nb, roots).isEmpty);
});

test('two clients that insert the same router: the second must compute again', async (t) => {
  const nb = await emptyNorthbound(t);
  const both = [reconciliation(nb, [router({})]), reconciliation(nb, [router({})])] as const;
  await both[0].commit();
  await t.throwsAsync(both[1].commit(), { instanceOf: WaitTimedOut });
  t.is(nb.table('Logical_Router').size, 1);
  t.true(reconciliation(nb, [router({})]).isEmpty);
});

test('two clients that change what a router holds: the second must compute again', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, [router({})]);
  const first = reconciliation(nb, [router({ ports: [port('first')] })]);
  const second = reconciliation(nb, [router({ ports: [port('second')] })]);
  await first.commit();
  await t.throwsAsync(second.commit(), { instanceOf: WaitTimedOut });
  await reconcile(nb, [router({ ports: [port('second')] })]);
  t.is(theRouter(nb).ports.length, 2);
});
