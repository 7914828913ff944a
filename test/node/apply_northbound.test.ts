import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { NorthboundHost } from '../../src/node/apply_northbound.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { setRows } from '../../src/ovn/gateway_sets.js';
import { KEYS } from '../../src/ovn/keys.js';
import { readNodeHosts } from '../../src/ovn/node_hosts.js';
import { gatewaySpec, nodeRows, routeRows, routesOf, rowsOfGateway } from '../overlay/cluster.js';
import { emptyNorthbound, reconcile, write } from '../ovn/northbound.js';
import { address, host, route } from './hosts.js';

/** A daemon of one node: each call is a step in which the host has these addresses. */
class Daemon {
  problems: readonly string[] = [];
  private readonly rows = new NorthboundHost({
    set: (_, found) => {
      this.problems = found;
    },
  });

  constructor(
    private readonly nb: Northbound,
    private readonly node: string,
  ) {}

  async has(...cidrs: readonly string[]): Promise<void> {
    const facts = { node: this.node, clusterSubnets: [parseCidr('10.244.0.0/16')] };
    const addresses = cidrs.map((cidr) => address('eth0', cidr));
    await this.rows.apply(this.nb, facts, host({ addresses, defaultRoutes: [route(4, 'eth0')] }));
  }
}

async function cluster(t: Parameters<typeof emptyNorthbound>[0]) {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, nodeRows('a', 1));
  await reconcile(nb, nodeRows('b', 2));
  return { nb, a: new Daemon(nb, 'a'), b: new Daemon(nb, 'b') };
}

function hostsOf(nb: Northbound): Record<string, string> {
  return Object.fromEntries(readNodeHosts(nb).map(({ node, addresses }) => [node, addresses.join(' ')]));
}

test('the addresses of a host are written with a route each, follow it, and are not written again', async (t) => {
  const { nb, a, b } = await cluster(t);
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  await b.has('203.0.113.11/24');
  t.deepEqual(hostsOf(nb), { a: '203.0.113.10 203.0.113.70', b: '203.0.113.11' });
  t.deepEqual(routesOf(nb, 'm'), [
    ...['203.0.113.10/32 10.244.1.2', '203.0.113.11/32 10.244.2.2', '203.0.113.70/32 10.244.1.2'],
  ]);
  let changes = 0;
  t.teardown(nb.onChange(() => changes++));
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  t.is(changes, 0);
  await a.has('203.0.113.10/24');
  t.deepEqual(routesOf(nb, 'm'), ['203.0.113.10/32 10.244.1.2', '203.0.113.11/32 10.244.2.2']);
  t.deepEqual(hostsOf(nb), { a: '203.0.113.10', b: '203.0.113.11' });
});

test('a step in which neither host nor database has changed reads no row', async (t) => {
  const { nb, a } = await cluster(t);
  await a.has('203.0.113.10/24');
  await a.has('203.0.113.10/24');
  let reads = 0;
  const find = nb.find.bind(nb);
  nb.find = (...args) => {
    reads++;
    return find(...args);
  };
  await a.has('203.0.113.10/24');
  t.is(reads, 0);
  await write(nb, (txn) => txn.insert('Logical_Switch', { name: 'c' }));
  await a.has('203.0.113.10/24');
  t.true(reads > 0);
});

test('of two daemons that write at the same time, each has its rows', async (t) => {
  const { nb, a, b } = await cluster(t);
  await Promise.all([a.has('203.0.113.10/24'), b.has('203.0.113.11/24')]);
  t.deepEqual(routesOf(nb, 'm'), ['203.0.113.10/32 10.244.1.2', '203.0.113.11/32 10.244.2.2']);
});

test('an address that two hosts have is with the one that started last, and the other names it', async (t) => {
  const { nb, a, b } = await cluster(t);
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  await b.has('203.0.113.11/24', '203.0.113.70/32');
  const taken = { a: '203.0.113.10', b: '203.0.113.11 203.0.113.70' };
  t.deepEqual(hostsOf(nb), taken, 'node a may have died while node b was down');
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  t.deepEqual(hostsOf(nb), taken);
  t.regex(a.problems.join(), /^pods do not reach 203\.0\.113\.70 of this host: it is an address of node b;/);
  await b.has('203.0.113.11/24');
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  t.deepEqual(hostsOf(nb), { a: '203.0.113.10 203.0.113.70', b: '203.0.113.11' });
  t.deepEqual(a.problems, []);
});

test('a second address that arrives at a host is taken from a node that is dead, and the two do not fight', async (t) => {
  const { nb, a, b } = await cluster(t);
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  await b.has('203.0.113.11/24');
  await b.has('203.0.113.11/24', '203.0.113.70/32');
  const moved = { a: '203.0.113.10', b: '203.0.113.11 203.0.113.70' };
  t.deepEqual(hostsOf(nb), moved);
  t.deepEqual(routesOf(nb, 'm'), [
    ...['203.0.113.10/32 10.244.1.2', '203.0.113.11/32 10.244.2.2', '203.0.113.70/32 10.244.2.2'],
  ]);
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  t.deepEqual(hostsOf(nb), moved);
  t.regex(a.problems.join(), /it is an address of node b/);
});

test("a host's own address is not taken", async (t) => {
  const { nb, a, b } = await cluster(t);
  await a.has('203.0.113.10/24');
  await b.has('203.0.113.11/24');
  await b.has('203.0.113.11/24', '203.0.113.10/32');
  t.deepEqual(hostsOf(nb), { a: '203.0.113.10', b: '203.0.113.11' });
  t.regex(b.problems.join(), /it is an address of node a/);
});

test('the route to the address of host and gateway router is one row, whoever makes it first', async (t) => {
  const { nb, a } = await cluster(t);
  const gateway = rowsOfGateway(gatewaySpec('a', 10));
  const toHost = () => routesOf(nb, 'm').filter((text) => text.startsWith('203.0.113.10/32'));
  await a.has('203.0.113.10/24');
  await reconcile(nb, gateway);
  await reconcile(nb, routeRows(nb));
  t.deepEqual(toHost(), ['203.0.113.10/32 10.244.1.2']);
  await a.has();
  t.deepEqual(toHost(), ['203.0.113.10/32 10.244.1.2'], 'the gateway wants it still');
  await reconcile(nb, routeRows(nb));
  await a.has('203.0.113.10/24');
  t.deepEqual(toHost(), ['203.0.113.10/32 10.244.1.2']);
});

test('other gateways translate the host, its own gateway does not, and no rule stays behind', async (t) => {
  const { nb, a } = await cluster(t);
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 10)));
  await reconcile(nb, rowsOfGateway(gatewaySpec('b', 11)));
  const rules = (router: string) =>
    (nb.find('Logical_Router', ({ name }) => name === router)?.nat ?? [])
      .flatMap((uuid) => nb.table('NAT').get(uuid) ?? [])
      .filter(({ external_ids }) => external_ids.get(KEYS.host) === 'a')
      .map(({ logical_ip, external_ip }) => `${logical_ip} ${external_ip}`)
      .toSorted();
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  t.deepEqual(rules('GR_b'), ['203.0.113.10 100.64.1.11', '203.0.113.70 100.64.1.11']);
  t.deepEqual(rules('GR_a'), []);
  // gateway-init again leaves them alone.
  await reconcile(nb, rowsOfGateway(gatewaySpec('b', 11)));
  t.is(rules('GR_b').length, 2);
  await a.has('203.0.113.10/24');
  t.deepEqual(rules('GR_b'), ['203.0.113.10 100.64.1.11']);
});

test('a host is translated to endpoints in the cluster only, once its gateways have the address sets', async (t) => {
  const { nb, a } = await cluster(t);
  const spec = gatewaySpec('b', 11);
  await reconcile(nb, rowsOfGateway({ ...spec, sets: [] }));
  const destinations = () =>
    nb
      .filter('NAT', ({ external_ids }) => external_ids.has(KEYS.host))
      .map((row) => row.allowed_ext_ips && nb.table('Address_Set').get(row.allowed_ext_ips)?.name);
  await a.has('203.0.113.10/24');
  t.deepEqual(destinations(), [undefined], 'as gateway-init of an earlier version left it');
  await reconcile(nb, [...setRows(spec.sets), ...rowsOfGateway(spec)]);
  await a.has('203.0.113.10/24');
  t.deepEqual(destinations(), ['k8s_cluster_b_ip4']);
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  t.deepEqual(destinations(), ['k8s_cluster_b_ip4', 'k8s_cluster_b_ip4']);
});

test('the gateway of a host that takes an address from a dead node does not translate it any more', async (t) => {
  const { nb, a, b } = await cluster(t);
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 10)));
  await reconcile(nb, rowsOfGateway(gatewaySpec('b', 11)));
  await a.has('203.0.113.10/24', '203.0.113.70/32');
  await b.has('203.0.113.11/24', '203.0.113.70/32');
  const rules = (router: string) =>
    (nb.find('Logical_Router', ({ name }) => name === router)?.nat ?? [])
      .flatMap((uuid) => nb.table('NAT').get(uuid) ?? [])
      .filter(({ external_ids }) => external_ids.has(KEYS.host))
      .map(({ logical_ip, external_ids }) => `${logical_ip} ${external_ids.get(KEYS.host)}`)
      .toSorted();
  t.deepEqual(rules('GR_a'), ['203.0.113.11 b', '203.0.113.70 b']);
  t.deepEqual(rules('GR_b'), ['203.0.113.10 a']);
});

test("an address that another gateway or an operator's route has is left alone", async (t) => {
  const { nb, a } = await cluster(t);
  await reconcile(nb, rowsOfGateway(gatewaySpec('b', 11, { isShared: false })));
  const router = nb.find('Logical_Router', ({ name }) => name === 'm');
  await write(nb, (txn) => {
    const route = txn.insert('Logical_Router_Static_Route', {
      ip_prefix: '192.0.2.1',
      nexthop: '10.244.9.9',
    });
    if (router !== undefined)
      txn.mutate('Logical_Router', router._uuid, { static_routes: { insert: [route] } });
  });
  await a.has('203.0.113.10/24', '203.0.113.11/32', '192.0.2.1/32');
  t.deepEqual(hostsOf(nb), { a: '203.0.113.10' });
  t.deepEqual(a.problems.length, 2);
  t.regex(a.problems[0] ?? '', /203\.0\.113\.11 of this host: it is the address of gateway b;/);
  t.regex(a.problems[1] ?? '', /192\.0\.2\.1 of this host: it is sent to 10\.244\.9\.9 by a route/);
});

test('nothing is written before master-init and minion-init', async (t) => {
  const nb = await emptyNorthbound(t);
  const a = new Daemon(nb, 'a');
  await a.has('203.0.113.10/24');
  t.deepEqual(a.problems, ['waiting for the cluster router; run master-init']);
  await reconcile(nb, nodeRows('b', 2));
  await a.has('203.0.113.10/24');
  t.deepEqual(a.problems, ['node a has no Logical_Switch; run minion-init there']);
  t.deepEqual(routesOf(nb, 'm'), []);
});
