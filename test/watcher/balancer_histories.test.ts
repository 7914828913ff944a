import test from 'ava';
import fc from 'fast-check';
import { VipAssignments } from '../../src/watcher/desired_assignments.js';
import type { Balancer, Vip } from '../../src/watcher/desired_balancer.js';
import { BalancerIndex } from '../../src/watcher/state_balancers.js';
import { dumpBalancers } from './balancer_dump.js';
import { addCluster, addGateway, addNode, makeOriginal, removeGateway, removeNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';
import { finish } from './finish.js';
import { reconcileAllVips, reconcileVips } from './reconciled_vips.js';

const NODES = ['n1', 'n2', 'n3'];
const NAMES = ['d/a', 'd/b', 'd/c'];

interface Wish {
  readonly targets: string;
  readonly isSticky: boolean;
  readonly byNode: boolean;
  readonly address: number;
}

/** A database and a watcher's part that keeps load balancers in it. */
class World {
  readonly nb = new FakeNorthbound();
  readonly wishes = new Map<string, Wish>();
  readonly nodes = new Set<string>();
  readonly gateways = new Set<string>();
  private index = new BalancerIndex();
  private assignments = new VipAssignments();

  constructor() {
    addCluster(this.nb);
    this.nb.onChange((batch) => this.index.apply(batch));
    this.index.load(this.nb);
  }

  async put(service: string, wish: Wish | undefined): Promise<void> {
    if (wish === undefined) this.wishes.delete(service);
    else this.wishes.set(service, wish);
    const ids = this.assign(service);
    const txn = this.nb.transaction('change');
    reconcileVips(this.index, txn, this.assignments, ids);
    await txn.commit();
  }

  async audit(): Promise<void> {
    const ids = NAMES.flatMap((service) => this.assign(service));
    const txn = this.nb.transaction('audit');
    reconcileAllVips(this.nb, this.index, txn, this.assignments, ids);
    await txn.commit();
  }

  /** Forgets everything, as a restarted watcher. */
  restart(): void {
    this.assignments = new VipAssignments();
    this.index = new BalancerIndex();
    this.index.load(this.nb);
  }

  async setNode(node: string, isThere: boolean): Promise<void> {
    if (isThere === this.nodes.has(node)) return;
    if (isThere) {
      this.nodes.add(node);
      addNode(this.nb, node, NODES.indexOf(node) + 1);
    } else {
      this.nodes.delete(node);
      await removeNode(this.nb, node);
    }
    await this.audit();
  }

  async setGateway(node: string, isThere: boolean): Promise<void> {
    if (isThere === this.gateways.has(node)) return;
    if (isThere) {
      this.gateways.add(node);
      addGateway(this.nb, node, NODES.indexOf(node) + 1, false);
    } else {
      this.gateways.delete(node);
      await removeGateway(this.nb, node);
    }
    await this.audit();
  }

  private assign(service: string) {
    const wish = this.wishes.get(service);
    return finish(this.assignments.put(service, 1, wish === undefined ? [] : this.vips(service, wish)));
  }

  private vips(service: string, { targets, isSticky, byNode, address }: Wish): Vip[] {
    const hash: Pick<Balancer, 'hashBy'> = isSticky ? { hashBy: 'ip_src' } : {};
    const balancer: Balancer = { scope: 'cluster', protocol: 'tcp', service, options: {}, ...hash };
    const inCluster = (one: Balancer) => ({ balancer: one, vip: `10.96.0.${address}:80`, targets });
    return [
      ...(byNode
        ? [...this.nodes].map((node) => inCluster({ ...balancer, scope: { node } }))
        : [inCluster(balancer)]),
      ...[...this.gateways].map((gateway) => ({
        balancer: { ...balancer, scope: { gateway } },
        vip: `203.0.113.9:${address}`,
        targets,
      })),
    ];
  }
}

const WISH = fc.record({
  targets: fc.constantFrom('', '10.244.1.5:80', '10.244.1.5:80,10.244.2.5:80'),
  isSticky: fc.boolean(),
  byNode: fc.boolean(),
  address: fc.integer({ min: 1, max: 2 }),
});

const STEP = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    service: fc.constantFrom(...NAMES),
    wish: fc.option(WISH, { nil: undefined }),
  }),
  fc.record({
    do: fc.constantFrom('node', 'gateway'),
    node: fc.constantFrom(...NODES),
    isThere: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('restart', 'original', 'audit', 'damage') }),
);

/** Changes rows as an operator could who does not know them. */
function damage({ nb }: World): void {
  const [balancer] = nb.table('Load_Balancer').values();
  if (balancer?.external_ids.has('k8s-service') === true)
    nb.update('Load_Balancer', balancer._uuid, { vips: new Map([['192.0.2.9:9', 'x']]), name: 'renamed' });
  const [onSwitch] = nb.filter('Logical_Switch', () => true);
  if (balancer !== undefined && onSwitch !== undefined)
    nb.update('Logical_Switch', onSwitch._uuid, { load_balancer: [balancer._uuid] });
  const [group] = nb.table('Load_Balancer_Group').values();
  if (group !== undefined) nb.update('Load_Balancer_Group', group._uuid, { load_balancer: [] });
}

test('any history of services, gateways and nodes ends in the rows of a fresh start', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
      const world = new World();
      for (const step of steps) {
        if (step.do === 'put' && 'service' in step) await world.put(step.service, step.wish);
        else if (step.do === 'node' && 'node' in step) await world.setNode(step.node, step.isThere);
        else if (step.do === 'gateway' && 'node' in step) await world.setGateway(step.node, step.isThere);
        else if (step.do === 'restart') world.restart();
        else if (step.do === 'original') makeOriginal(world.nb);
        else if (step.do === 'damage') damage(world);
        if (step.do === 'audit' || step.do === 'original') await world.audit();
      }
      await world.audit();
      const { length } = world.nb.committed;
      await world.audit();
      t.is(world.nb.committed.length, length, 'a second audit changes nothing');

      const fresh = new World();
      for (const node of world.nodes) await fresh.setNode(node, true);
      for (const node of world.gateways) await fresh.setGateway(node, true);
      for (const [service, wish] of world.wishes) fresh.wishes.set(service, wish);
      await fresh.audit();
      t.deepEqual(dumpBalancers(world.nb), dumpBalancers(fresh.nb));
    }),
    { numRuns: 150 },
  );
});
