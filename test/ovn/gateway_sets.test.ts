import test from 'ava';
import { contains, parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { deleteOtherSets, gatewaySets, setRows } from '../../src/ovn/gateway_sets.js';
import type { Gateway } from '../../src/ovn/gateways.js';
import { KEYS } from '../../src/ovn/keys.js';
import { reconcileRows, type Wanted, wanted } from '../../src/ovn/rows.js';
import { emptyNorthbound, reconcile, write } from './northbound.js';

function gateway(node: string, more: Partial<Gateway> = {}): Gateway {
  return {
    node,
    join: [],
    isFirst: false,
    physical: [parseIp('203.0.113.2'), parseIp('2001:db8::2')],
    isShared: true,
    rampout: [],
    subnets: [parseCidr('10.244.2.0/24'), parseCidr('fd00:10:244:2::/64')],
    clusterSubnets: [parseCidr('10.244.0.0/22'), parseCidr('fd00:10:244::/62')],
    ...more,
  };
}

function texts(gateways: readonly Gateway[]): unknown[] {
  return gatewaySets(gateways, []).map(({ translated }) => [translated.is.name, translated.set.addresses]);
}

test("clients are translated for the cluster without the subnet of the gateway's node", (t) => {
  t.deepEqual(texts([gateway('gw-1')]), [
    ['k8s_snat_gw_1_ip4', ['10.244.0.0/23', '10.244.3.0/24']],
    ['k8s_snat_gw_1_ip6', ['fd00:10:244::/63', 'fd00:10:244:3::/64']],
  ]);
});

test('clients are translated for a subnet that another gateway ramps out, and for a node without a switch', (t) => {
  const physical = [parseIp('203.0.113.2')];
  const other = gateway('b', { physical, subnets: [], rampout: [parseCidr('10.244.2.0/23')] });
  t.deepEqual(texts([gateway('a', { physical }), other]), [
    ['k8s_snat_a_ip4', ['10.244.0.0/22']],
    ['k8s_snat_b_ip4', ['10.244.0.0/22']],
  ]);
});

test("a gateway's own rampout brings replies back, so its node's subnet stays untranslated", (t) => {
  const one = gateway('a', { physical: [parseIp('203.0.113.2')], rampout: [parseCidr('10.244.2.0/23')] });
  t.deepEqual(texts([one]), [['k8s_snat_a_ip4', ['10.244.0.0/23', '10.244.3.0/24']]]);
});

const inSet = (networks: readonly string[], address: string) =>
  networks.some((network) => contains(parseCidr(network), parseIp(address)));

test('outside is what routers forward, without the networks of pods, services and join', (t) => {
  const services = [parseCidr('10.96.0.0/16'), parseCidr('fd00:10:96::/112')];
  const one = gateway('a', {
    clusterSubnets: [parseCidr('10.244.0.0/16'), parseCidr('fd00:10:244::/48')],
  });
  const [v4 = [], v6 = []] = gatewaySets([one], services).map(
    ({ outside }) => outside.set.addresses as readonly string[],
  );
  for (const ip of [
    '198.51.100.7',
    '203.0.113.1',
    '192.168.1.1',
    '10.243.255.255',
    '10.97.0.0',
    '100.64.2.1',
  ])
    t.true(inSet(v4, ip), ip);
  for (const ip of [
    ...['10.244.0.0', '10.244.255.255', '10.96.0.1', '100.64.1.1'],
    ...['0.0.0.0', '127.0.0.1', '169.254.169.254', '224.0.0.1', '255.255.255.255'],
  ])
    t.false(inSet(v4, ip), ip);
  for (const ip of ['2001:db8:ffff::7', 'fd00::1', '64:ff9b::c633:6407']) t.true(inSet(v6, ip), ip);
  for (const ip of [
    ...['fd00:10:244::', 'fd00:10:244:ffff::1', 'fd00:10:96::1', 'fd98:64::1'],
    ...['::', '::1', 'fe80::1', 'ff02::1', '::ffff:10.0.0.1'],
  ])
    t.false(inSet(v6, ip), ip);
  t.true(v4.length < 70 && v6.length < 300, `${v4.length} and ${v6.length} networks`);
});

test('sets of former names are deleted, and the rules that refer to them have the new ones', async (t) => {
  const nb = await emptyNorthbound(t);
  const set = (name: string, router: string) =>
    wanted('Address_Set', { is: { name }, pairs: { external_ids: { [KEYS.gateway]: router } } });
  const router = (...rules: readonly (readonly [source: string, set: Wanted])[]) =>
    wanted('Logical_Router', {
      is: { name: 'GR_a_b' },
      holds: {
        nat: rules.map(([logical_ip, to]) =>
          wanted('NAT', {
            is: { type: 'snat', logical_ip, external_ip: '100.64.1.2' },
            refers: { allowed_ext_ips: to },
          }),
        ),
      },
    });
  const former = set('k8s_snat_a_b_ip4', 'GR_a_b');
  const gone = set('k8s_cluster_a_b_ip9', 'GR_a_b');
  await reconcile(nb, [
    ...[former, gone, set('theirs', 'GR_other'), wanted('Address_Set', { is: { name: 'k8s_snat_x_ip4' } })],
    router(['0.0.0.0/0', former], ['203.0.113.9', gone]),
  ]);
  const all = gatewaySets([gateway('a_b', { physical: [parseIp('203.0.113.2')] })], []);
  const [{ translated } = {}] = all;
  if (translated === undefined) return t.fail('no set');
  await write(nb, (txn) => {
    deleteOtherSets(nb, txn, 'a_b', all);
    reconcileRows(nb, txn, [...setRows(all), router(['0.0.0.0/0', translated])]);
  });
  const names = [...nb.table('Address_Set').values()].map(({ name }) => name).toSorted();
  t.deepEqual(
    names.map((name) => name.replace(/\.[0-9a-f]{8}_/, '.HASH_')),
    [
      ...['k8s_cluster_a_b.HASH_ip4', 'k8s_outside_a_b.HASH_ip4', 'k8s_snat_a_b.HASH_ip4'],
      ...['k8s_snat_x_ip4', 'theirs'],
    ],
  );
  const destinations = [...nb.table('NAT').values()].map(
    (row) => row.allowed_ext_ips && nb.table('Address_Set').get(row.allowed_ext_ips)?.name,
  );
  t.deepEqual(destinations.map(String).toSorted(), [translated.is.name, 'undefined']);
});

test('no two nodes have address sets of one name', (t) => {
  const nodes = ['a-b', 'a.b', 'a_b', 'a-_b', 'a--b', 'a__b'];
  const names = setRows(
    gatewaySets(
      nodes.map((node) => gateway(node)),
      [],
    ),
  ).map(({ is }) => String(is.name));
  t.is(new Set(names).size, nodes.length * 2 * 3);
  for (const name of names) t.regex(name, /^[A-Za-z_][A-Za-z0-9_.]*$/);
});
