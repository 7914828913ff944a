import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import type { Gateway } from '../../src/ovn/gateways.js';
import { translatedSets } from '../../src/ovn/translated_sets.js';

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
  return translatedSets(gateways).map(({ row }) => [row.is.name, row.set.addresses]);
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
