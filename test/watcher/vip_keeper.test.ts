import { setImmediate as immediate } from 'node:timers/promises';
import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import type { Endpoint } from '../../src/kube/endpoint_index.js';
import type { Service } from '../../src/kube/kinds.js';
import { NorthboundKeeper } from '../../src/watcher/northbound_keeper.js';
import { NorthboundSource } from '../../src/watcher/sources/northbound.js';
import { Changes } from '../../src/watcher/state_changes.js';
import { addCluster, addNode, makeOriginal } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

const ENDPOINT: Endpoint = {
  ip: '10.244.1.5',
  port: 8080,
  portName: '',
  protocol: 'TCP',
  node: undefined,
  state: 'ready',
};

/** Makes a database take a transaction only after a turn of the event loop, in the order in which they were sent. */
function slow(nb: FakeNorthbound): { readonly most: number } {
  const seen = { unanswered: 0, most: 0 };
  const transaction = nb.transaction.bind(nb);
  let last: Promise<unknown> = Promise.resolve();
  nb.transaction = (comment) => {
    const txn = transaction(comment);
    const commit = txn.commit.bind(txn);
    txn.commit = (options) => {
      seen.most = Math.max(seen.most, ++seen.unanswered);
      const done = last
        .then(() => immediate())
        .then(() => commit(options))
        .finally(() => {
          seen.unanswered--;
        });
      last = done.catch(() => undefined);
      return done;
    };
    return txn;
  };
  return seen;
}

/** Makes the next transaction fail, and none after it. */
function failOnce(nb: FakeNorthbound): void {
  const transaction = nb.transaction.bind(nb);
  nb.transaction = (comment) => {
    const txn = transaction(comment);
    nb.transaction = transaction;
    txn.commit = async () => {
      throw new Error('not now');
    };
    return txn;
  };
}

/** A keeper of services on a database, as a watcher that has just started. `turned` counts the event loop's turns. */
function start(
  nb: FakeNorthbound,
  services: ReadonlyMap<string, Service>,
  signal = new AbortController().signal,
) {
  const changes = new Changes(() => undefined);
  const source = new NorthboundSource(nb, changes);
  void source.run(signal);
  const guard = new AddressGuard({ claims: [], allowed: undefined });
  const turned = { times: 0 };
  const keeper = new NorthboundKeeper({
    nb,
    pods: { hasSynced: true, objects: new Map() },
    services: { hasSynced: true, objects: services },
    endpoints: { hasSynced: true, of: () => [ENDPOINT], servicesAt: () => new Set() },
    ports: source.ports,
    balancers: source.balancers,
    changes,
    nodes: { hasSynced: true, isPending: false, claims: [], zones: new Map() },
    guard: { guard: () => guard },
    events: { say: () => undefined },
    annotator: { want: () => undefined, forget: () => undefined },
    problems: new Problems(SILENT),
    turns: {
      sliceMs: 0,
      turn: async () => {
        turned.times++;
      },
    },
  });
  return { keeper, changes, turned };
}

function cluster(): FakeNorthbound {
  const nb = new FakeNorthbound();
  addCluster(nb);
  addNode(nb, 'gw1', 1);
  return nb;
}

function service(i: number, more: Service['spec'] = {}, seconds = 0): [string, Service] {
  const name = `s${String(i).padStart(4, '0')}`;
  const metadata = { namespace: 'd', name, creationTimestamp: new Date(seconds * 1000).toISOString() };
  const spec = { clusterIP: `10.96.${i >> 8}.${i & 255}`, ports: [{ port: 80 }], ...more };
  return [`d/${name}`, { metadata, spec }];
}

function servicesTo(count: number): Map<string, Service> {
  return new Map(Array.from({ length: count }, (_, i) => service(i)));
}

/** Returns the owners of a virtual address after each transaction. */
function ownersOf(nb: FakeNorthbound, vip: string): string[][] {
  const seen: string[][] = [];
  nb.onChange(() => {
    const rows = nb.filter('Load_Balancer', ({ vips }) => vips.has(vip));
    seen.push(rows.map(({ external_ids }) => external_ids.get('k8s-service') ?? 'all services'));
  });
  return seen;
}

function allInGroup(nb: FakeNorthbound): boolean {
  const group = nb.find('Load_Balancer_Group', ({ name }) => name === 'k8s-cluster');
  return [...nb.table('Load_Balancer').keys()].every((uuid) => group?.load_balancer.includes(uuid));
}

test('many services take several transactions, each with its rows and their membership', async (t) => {
  const nb = cluster();
  const { keeper, turned } = start(nb, servicesTo(1_000));
  const complete: boolean[] = [];
  nb.onChange(() => complete.push(allInGroup(nb)));
  await keeper.step();
  t.is(nb.table('Load_Balancer').size, 1_000);
  t.deepEqual(
    nb.committed.map(
      (all) => all.filter(({ op, table }) => op === 'insert' && table === 'Load_Balancer').length,
    ),
    [256, 256, 256, 232],
  );
  t.deepEqual(complete, [true, true, true, true]);
  t.true(turned.times > 1_000);
  keeper.audit();
  await keeper.step();
  t.is(nb.committed.length, 4);
});

test('no more than 8 transactions wait for an answer', async (t) => {
  const nb = cluster();
  const seen = slow(nb);
  await start(nb, servicesTo(4_000)).keeper.step();
  t.is(nb.table('Load_Balancer').size, 4_000);
  t.is(seen.most, 8);
});

test('a service with many addresses is in one transaction', async (t) => {
  const nb = cluster();
  const ports = Array.from({ length: 700 }, (_, i) => ({ name: `p${i}`, port: 1_000 + i }));
  const { keeper } = start(nb, new Map([service(0), service(1, { ports }), service(2)]));
  await keeper.step();
  t.is(nb.committed.length, 2);
  t.deepEqual(
    nb.filter('Load_Balancer', () => true).map(({ vips }) => vips.size),
    [1, 700, 1],
  );
});

test('the event loop has turns while a service with many addresses is assigned, and while it is compared', async (t) => {
  const nb = cluster();
  const ports = Array.from({ length: 2_000 }, (_, i) => ({ name: `p${i}`, port: 1_000 + i }));
  const { keeper, turned } = start(nb, new Map([service(0, { ports })]));
  for (let i = 0; i < 2; i++) {
    turned.times = 0;
    keeper.audit();
    await keeper.step();
    t.true(turned.times > 4_000, `${turned.times} turns`);
  }
});

test('an address goes to an older service of a later transaction without being in two rows', async (t) => {
  const nb = cluster();
  slow(nb);
  const services = servicesTo(900);
  const contested = { clusterIP: '10.97.0.1' };
  services.set(...service(300, contested, 20));
  services.set(...service(899, contested, 10));
  const { keeper } = start(nb, services);
  const owners = ownersOf(nb, '10.97.0.1:80');
  await keeper.step();
  t.deepEqual(owners, [[], ['d/s0300'], ['d/s0300'], ['d/s0899']]);
});

test('a restarted watcher takes no address from a service that it reads later', async (t) => {
  const nb = cluster();
  const services = servicesTo(600);
  services.set(...service(599, { clusterIP: '10.97.0.1' }, 10));
  await start(nb, services).keeper.step();
  services.set(...service(0, { clusterIP: '10.97.0.1' }, 20));
  for (let i = 600; i < 900; i++) services.set(...service(i));
  const owners = ownersOf(nb, '10.97.0.1:80');
  const { length } = nb.committed;
  await start(nb, services).keeper.step();
  t.is(nb.table('Load_Balancer').size, 899);
  t.is(nb.committed.length, length + 1);
  t.deepEqual(owners, [['d/s0599']]);
});

test('rows that all services share are replaced in one transaction, however many services there are', async (t) => {
  const nb = cluster();
  const services = servicesTo(600);
  await start(nb, services).keeper.step();
  makeOriginal(nb);
  const { length } = nb.committed;
  const owners = ownersOf(nb, '10.96.0.7:80');
  await start(nb, services).keeper.step();
  t.is(nb.committed.length, length + 1);
  t.deepEqual(owners, [['d/s0007']]);
  t.is(nb.table('Load_Balancer').size, 600);
});

test('a transaction that fails between others is repaired by the next step', async (t) => {
  const nb = cluster();
  slow(nb);
  const { keeper } = start(nb, servicesTo(1_000));
  const forget = nb.onChange(() => {
    if (nb.committed.length === 2) nb.failure = new Error('the disk is full');
  });
  await t.throwsAsync(keeper.step(), { message: 'the disk is full' });
  t.is(nb.table('Load_Balancer').size, 512);
  nb.failure = undefined;
  forget();
  await keeper.step();
  t.is(nb.table('Load_Balancer').size, 1_000);
  t.true(allInGroup(nb));
});

test('an address is never in two rows when a step is repeated, if its row has changed', async (t) => {
  const nb = cluster();
  const services = servicesTo(600);
  const { keeper } = start(nb, services);
  await keeper.step();
  for (let i = 0; i < 600; i++) services.set(...service(i, { sessionAffinity: 'ClientIP' }));
  nb.failure = new Error('the disk is full');
  keeper.audit();
  await t.throwsAsync(keeper.step(), { message: 'the disk is full' });
  nb.failure = undefined;
  const owners = ownersOf(nb, '10.96.0.7:80');
  await keeper.step();
  t.deepEqual(
    owners.filter((all) => all.length !== 1),
    [],
  );
  t.is(nb.filter('Load_Balancer', ({ selection_fields }) => selection_fields.length === 1).length, 600);
});

test('an address is never in two rows if the transaction fails that takes it from a service', async (t) => {
  const nb = cluster();
  slow(nb);
  const services = servicesTo(900);
  const { keeper, changes } = start(nb, services);
  await keeper.step();
  services.set(...service(0, { clusterIP: '10.97.0.1' }));
  services.set(...service(400, { clusterIP: '10.96.0.0' }));
  for (const key of services.keys()) changes.markService(key);
  const owners = ownersOf(nb, '10.96.0.0:80');
  failOnce(nb);
  await t.throwsAsync(keeper.step(), { message: 'not now' });
  await keeper.step();
  t.deepEqual([...new Set(owners.map(String))], ['d/s0400']);
});

test('a step that is aborted keeps what it has written, and writes no more', async (t) => {
  const nb = cluster();
  const told = new AbortController();
  const { keeper } = start(nb, servicesTo(1_000), told.signal);
  nb.onChange(() => {
    if (nb.committed.length === 2) told.abort(new Error('told to exit'));
  });
  await t.throwsAsync(keeper.step(told.signal), { message: 'told to exit' });
  t.is(nb.table('Load_Balancer').size, 512);
  t.true(allInGroup(nb));
  await start(nb, servicesTo(1_000)).keeper.step();
  t.is(nb.table('Load_Balancer').size, 1_000);
});
