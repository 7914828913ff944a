import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseMac } from '../../src/net/mac.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { emptyNorthbound, reconcile, reconciliation, write } from '../ovn/northbound.js';
import { gatewaySpec, groupsOf, routesOf, rowsOfGateway } from './cluster.js';

function routerOf(nb: Northbound, name: string) {
  const row = nb.find('Logical_Router', (one) => one.name === name);
  if (row === undefined) throw new Error(`there is no router ${name}`);
  return row;
}

function natsOf(nb: Northbound, router: string): string[] {
  return routerOf(nb, router)
    .nat.flatMap((uuid) => nb.table('NAT').get(uuid) ?? [])
    .map(({ logical_ip, external_ip, external_port_range, allowed_ext_ips }) => {
      const set = allowed_ext_ips && nb.table('Address_Set').get(allowed_ext_ips)?.name;
      return [logical_ip, external_ip, external_port_range, ...(set === undefined ? [] : [set])].join(' ');
    })
    .toSorted();
}

test('the rows of a gateway are complete after one transaction', async (t) => {
  const nb = await emptyNorthbound(t);
  const rows = rowsOfGateway(gatewaySpec('a', 2, { isFirst: true }));
  await reconcile(nb, rows);
  t.true(reconciliation(nb, rows).isEmpty);
  const router = routerOf(nb, 'GR_a');
  t.deepEqual(Object.fromEntries(router.options), {
    chassis: 'a',
    mac_binding_age_threshold: '300',
  });
  t.deepEqual(Object.fromEntries(router.external_ids), {
    physical_ip: '203.0.113.2',
    first_gateway: 'yes',
    'k8s-physical-bridge': 'breth0',
  });
  t.deepEqual(natsOf(nb, 'GR_a'), [
    '0.0.0.0/0 100.64.1.2  k8s_snat_a_ip4',
    '0.0.0.0/0 203.0.113.2 61000-65535 k8s_outside_a_ip4',
    '10.244.0.0/16 203.0.113.2 61000-65535',
  ]);
  t.deepEqual(routesOf(nb, 'GR_a'), ['0.0.0.0/0 203.0.113.1', '10.244.0.0/16 100.64.1.1']);
  t.deepEqual(groupsOf(nb, router), ['GR_a']);
  const outside = nb.find('Logical_Switch_Port', ({ name }) => name === 'breth0_a');
  t.deepEqual(outside?.addresses, ['unknown']);
});

test('a gateway with other options converges, and keeps what an operator has added', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 2, { isFirst: true })));
  await write(nb, (txn) => {
    const router = routerOf(nb, 'GR_a');
    const route = txn.insert('Logical_Router_Static_Route', {
      ip_prefix: '192.0.2.0/24',
      nexthop: '203.0.113.7',
    });
    txn.mutate('Logical_Router', router._uuid, {
      static_routes: { insert: [route] },
      options: { set: { theirs: 'x', lb_force_snat_ip: '100.64.1.2' } },
    });
  });
  const changed = rowsOfGateway(
    gatewaySpec('a', 2, {
      device: 'eth1',
      isShared: false,
      mac: parseMac('02:00:00:00:00:0b'),
      physical: [parseCidr('198.51.100.2/24')],
      defaultGateways: [],
      rampout: [parseCidr('10.244.8.0/24')],
      snatRange: undefined,
    }),
  );
  await reconcile(nb, changed);
  t.true(reconciliation(nb, changed).isEmpty);
  const router = routerOf(nb, 'GR_a');
  t.is(router.options.get('theirs'), 'x');
  t.is(router.options.get('lb_force_snat_ip'), undefined);
  t.deepEqual(Object.fromEntries(router.external_ids), {
    physical_ip: '198.51.100.2',
    'k8s-rampout-ip-subnets': '10.244.8.0/24',
  });
  t.deepEqual(natsOf(nb, 'GR_a'), [
    '0.0.0.0/0 100.64.1.2  k8s_snat_a_ip4',
    '0.0.0.0/0 198.51.100.2  k8s_outside_a_ip4',
    '10.244.0.0/16 198.51.100.2 ',
  ]);
  t.deepEqual(routesOf(nb, 'GR_a'), ['10.244.0.0/16 100.64.1.1', '192.0.2.0/24 203.0.113.7']);
  const outside = nb.find('Logical_Router_Port', ({ name }) => name === 'rtoe-GR_a');
  t.like(outside, { mac: '02:00:00:00:00:0b', networks: ['198.51.100.2/24'] });
  const ports = nb.find('Logical_Switch', ({ name }) => name === 'ext_a')?.ports ?? [];
  const names = ports.flatMap((uuid) => nb.table('Logical_Switch_Port').get(uuid)?.name ?? []);
  t.deepEqual(names.toSorted(), ['eth1_a', 'etor-GR_a'], 'the port of the former device is removed');
});

test('a gateway that gets a NIC of its own forgets that a helper said what it serves', async (t) => {
  const nb = await emptyNorthbound(t);
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 2)));
  await write(nb, (txn) =>
    txn.mutate('Logical_Router', routerOf(nb, 'GR_a')._uuid, {
      external_ids: { set: { 'k8s-served': 'yes' } },
    }),
  );
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 2)));
  t.is(routerOf(nb, 'GR_a').external_ids.get('k8s-served'), 'yes', 'the bridge is shared still');
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 2, { device: 'eth1', isShared: false })));
  t.false(routerOf(nb, 'GR_a').external_ids.has('k8s-served'));
});
