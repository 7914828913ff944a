import { setImmediate as immediate } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import type { Endpoint } from '../../src/kube/endpoint_index.js';
import { doubledVips, dumpBalancers } from './balancer_dump.js';
import { addCluster, addGateway, addNode, removeGateway, removeNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';
import { start } from './keeper_world.js';

const NODES = ['n1', 'n2', 'n3'];
const NAMES = Array.from({ length: 6 }, (_, i) => `s${i}`);
const REFUSED = new Error('the database refuses the transaction');
const EXIT = new Error('told to exit');

interface Wish {
  /** The external address, which several services can want. */
  readonly address: number;
  readonly born: number;
  readonly endpoints: number;
  readonly isSticky: boolean;
  readonly isLocal: boolean;
}

const WISH = fc.record({
  address: fc.integer({ min: 1, max: 3 }),
  born: fc.integer({ min: 0, max: 2 }),
  endpoints: fc.integer({ min: 0, max: 2 }),
  isSticky: fc.boolean(),
  isLocal: fc.boolean(),
});

/** What the services are at first. */
const FIRST = fc.array(WISH, { minLength: NAMES.length, maxLength: NAMES.length });

/** What happens between two steps, or in the middle of one. */
const EVENT = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    name: fc.constantFrom(...NAMES),
    wish: fc.option(WISH, { nil: undefined }),
  }),
  fc.record({
    do: fc.constantFrom('node' as const, 'gateway' as const),
    node: fc.constantFrom(...NODES),
    isThere: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('audit' as const, 'restart' as const, 'exit' as const) }),
);

const STEP = fc.record({
  before: fc.array(EVENT, { maxLength: 8 }),
  /** Events by the number of the turn of the event loop in which they happen. */
  during: fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), EVENT), { maxLength: 3 }),
  /** The transactions of the step that fail, and whether the database has them all the same. */
  failures: fc.array(fc.record({ at: fc.integer({ min: 1, max: 3 }), isDone: fc.boolean() }), {
    maxLength: 1,
  }),
});

type Event = typeof EVENT extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

/** A database and a watcher that writes two virtual addresses at once into it. */
class World {
  readonly nb = new FakeNorthbound();
  readonly wishes = new Map<string, Wish>();
  readonly nodes = new Set<string>();
  readonly gateways = new Set<string>();
  /** The virtual addresses that have been in two rows after some transaction. */
  readonly doubled = new Set<string>();
  /** The most transactions of one step. */
  most = 0;
  private current: Pick<Step, 'during' | 'failures'> = { during: [], failures: [] };
  private turn = 0;
  private told = new AbortController();
  private watcher = this.startWatcher();

  constructor() {
    addCluster(this.nb);
    this.nb.onChange(() => {
      for (const vip of doubledVips(this.nb)) this.doubled.add(vip);
    });
    this.slow();
  }

  async happen(event: Event): Promise<void> {
    if (event.do === 'put') this.put(event.name, event.wish);
    else if (event.do === 'node') await this.setNode(event.node, event.isThere);
    else if (event.do === 'gateway') await this.setGateway(event.node, event.isThere);
    else if (event.do === 'audit') this.watcher.keeper.audit();
    else this.told.abort(EXIT);
  }

  /** Takes a step; a watcher that was told to exit is replaced by another one after it. */
  async step(step: Pick<Step, 'during' | 'failures'>): Promise<void> {
    this.current = step;
    this.turn = 0;
    const { length } = this.nb.committed;
    try {
      if (!this.told.signal.aborted) await this.watcher.keeper.step(this.told.signal);
    } catch (error) {
      if (error !== REFUSED && error !== EXIT) throw error;
    }
    this.current = { during: [], failures: [] };
    this.most = Math.max(this.most, this.nb.committed.length - length);
    if (!this.told.signal.aborted) return;
    this.told = new AbortController();
    this.watcher = this.startWatcher();
  }

  private startWatcher() {
    const turns = {
      sliceMs: 0,
      turn: async () => {
        this.turn++;
        for (const [at, event] of this.current.during) if (at === this.turn) await this.happen(event);
      },
    };
    const started = start({ turns, vipsAtOnce: 2 }, this.nb, this.told.signal);
    for (const [name, wish] of this.wishes) putInto(started, name, wish);
    return started;
  }

  private put(name: string, wish: Wish | undefined): void {
    if (wish === undefined) this.wishes.delete(name);
    else this.wishes.set(name, wish);
    putInto(this.watcher, name, wish);
  }

  private async setNode(node: string, isThere: boolean): Promise<void> {
    if (isThere === this.nodes.has(node)) return;
    if (isThere) {
      this.nodes.add(node);
      addNode(this.nb, node, NODES.indexOf(node) + 1);
    } else {
      this.nodes.delete(node);
      await removeNode(this.nb, node);
    }
  }

  private async setGateway(node: string, isThere: boolean): Promise<void> {
    if (isThere === this.gateways.has(node)) return;
    if (isThere) {
      this.gateways.add(node);
      addGateway(this.nb, node, NODES.indexOf(node) + 1, node === 'n1');
    } else {
      this.gateways.delete(node);
      await removeGateway(this.nb, node);
    }
  }

  /** Makes the database take the watcher's transactions in later turns, in their order, and some of them not. */
  private slow(): void {
    const transaction = this.nb.transaction.bind(this.nb);
    let last: Promise<unknown> = Promise.resolve();
    let step: unknown;
    let count = 0;
    this.nb.transaction = (comment) => {
      const txn = transaction(comment);
      if (comment === 'deinit') return txn;
      const commit = txn.commit.bind(txn);
      txn.commit = (options) => {
        count = step === this.current ? count + 1 : 1;
        step = this.current;
        const failure = this.current.failures.find(({ at }) => at === count);
        const done = last
          .then(() => immediate())
          .then(async () => {
            const inserted = failure === undefined || failure.isDone ? await commit(options) : undefined;
            if (failure !== undefined || inserted === undefined) throw REFUSED;
            return inserted;
          });
        last = done.catch(() => undefined);
        return done;
      };
      return txn;
    };
  }
}

function putInto(
  { services, endpoints, changes }: ReturnType<typeof start>,
  name: string,
  wish: Wish | undefined,
): void {
  const key = `ns/${name}`;
  changes.markService(key);
  if (wish === undefined) {
    services.delete(key);
    endpoints.delete(key);
    return;
  }
  const { address, born, isSticky, isLocal } = wish;
  services.set(key, {
    metadata: { namespace: 'ns', name, creationTimestamp: new Date(born * 1_000).toISOString() },
    spec: {
      clusterIP: `10.96.0.${NAMES.indexOf(name)}`,
      ports: [{ port: 80 }],
      ...(isSticky && { sessionAffinity: 'ClientIP' }),
      ...(isLocal && { internalTrafficPolicy: 'Local' }),
      externalIPs: [`198.51.100.${address}`],
    },
  });
  endpoints.set(
    key,
    NODES.slice(0, wish.endpoints).map(
      (node, i): Endpoint => ({
        ...{ ip: `10.244.${i + 1}.5`, port: 8080, portName: '', protocol: 'TCP', node, state: 'ready' },
      }),
    ),
  );
}

test('steps that are interrupted, fail in part or end halfway lead to the rows of a fresh start', async (t) => {
  let most = 0;
  await fc.assert(
    fc.asyncProperty(FIRST, fc.array(STEP, { minLength: 1, maxLength: 8 }), async (first, steps) => {
      const world = new World();
      await world.happen({ do: 'node', node: 'n1', isThere: true });
      await world.happen({ do: 'gateway', node: 'n1', isThere: true });
      for (const [i, wish] of first.entries()) await world.happen({ do: 'put', name: `s${i}`, wish });
      for (const { before, ...step } of steps) {
        for (const event of before) await world.happen(event);
        await world.step(step);
      }
      const calm = { during: [], failures: [] };
      // The rows that the first of these changes mark their services again.
      for (let i = 0; i < 3; i++) await world.step(calm);
      await world.happen({ do: 'audit' });
      const { length } = world.nb.committed;
      await world.step(calm);
      t.is(world.nb.committed.length, length, 'an audit changes nothing');

      const fresh = new World();
      for (const node of world.nodes) await fresh.happen({ do: 'node', node, isThere: true });
      for (const node of world.gateways) await fresh.happen({ do: 'gateway', node, isThere: true });
      for (const [name, wish] of world.wishes) await fresh.happen({ do: 'put', name, wish });
      for (let i = 0; i < 2; i++) await fresh.step(calm);
      t.deepEqual(dumpBalancers(world.nb), dumpBalancers(fresh.nb));
      t.deepEqual([...world.doubled], []);
      most = Math.max(most, world.most);
    }),
    { numRuns: 150 },
  );
  t.true(most > 3, `${most} transactions at most in one step`);
});
