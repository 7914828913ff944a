import test from 'ava';
import { Claims } from '../../src/net/claims.js';
import { parseIp } from '../../src/net/ip.js';
import { gatewayAddresses, gatewayMacs, rowClaims } from '../../src/ovn/row_claims.js';
import { FakeNorthbound } from '../watcher/fake_northbound.js';

function rows(): FakeNorthbound {
  const nb = new FakeNorthbound();
  nb.insert('Logical_Router_Port', { name: 'rtos-n1', networks: ['10.244.3.1/24', 'fd00:10:244:3::1/64'] });
  nb.insert('Logical_Router_Port', {
    name: 'rtoe-GR_gw1',
    mac: '0a:58:cb:00:71:0b',
    networks: ['203.0.113.11/24', '2001:db8::11/64'],
  });
  nb.insert('Logical_Router', { name: 'GR_gw2', external_ids: new Map([['physical_ip', '203.0.113.12']]) });
  nb.insert('Logical_Router', {
    name: 'm',
    external_ids: new Map([
      ['k8s-cluster-router', 'yes'],
      ['k8s-service-ip-subnet', '10.96.0.0/16,fd00:10:96::/112,nonsense'],
    ]),
  });
  nb.insert('Logical_Router_Static_Route', { ip_prefix: '0.0.0.0/0', nexthop: '203.0.113.1' });
  nb.insert('NAT', { type: 'snat', external_ip: '203.0.113.11', logical_ip: '10.244.0.0/16' });
  nb.insert('NAT', {
    ...{ type: 'snat', external_ip: '100.64.1.2', logical_ip: '203.0.113.90' },
    external_ids: new Map([['k8s-host', 'n1']]),
  });
  return nb;
}

const cases: readonly (readonly [string, string | undefined])[] = [
  ['10.244.3.9', 'in 10.244.3.0/24, the subnet of node n1'],
  ['10.244.9.9', "in the cluster's 10.244.0.0/16"],
  ['fd00:10:244:3::9', 'in fd00:10:244:3::/64, the subnet of node n1'],
  ['100.64.1.3', "in switch join's 100.64.1.0/24"],
  ['fd98:64::3', "in switch join's fd98:64::/64"],
  ['203.0.113.11', 'an address of gateway gw1'],
  ['203.0.113.12', 'an address of gateway gw2'],
  ['203.0.113.1', 'the next hop of a route'],
  ['203.0.113.255', "no host's address in 203.0.113.0/24"],
  ['10.96.7.7', 'in 10.96.0.0/16, the subnet of services'],
  ['fd00:10:96::7', 'in fd00:10:96::/112, the subnet of services'],
  ['203.0.113.80', undefined],
  ['203.0.113.90', undefined],
  ['2001:db8::80', undefined],
];
for (const [ip, what] of cases)
  test(`by OVN's rows ${ip} is ${what ?? 'free'}`, (t) => {
    t.is(new Claims(rowClaims(rows())).whatIs(parseIp(ip)), what);
  });

test('routes that come, go or change their order claim the same while their next hops are the same', (t) => {
  const nb = rows();
  const route = (ip_prefix: string, nexthop: string) =>
    nb.insert('Logical_Router_Static_Route', { ip_prefix, nexthop });
  const first = route('203.0.113.20/32', '10.244.2.2');
  route('203.0.113.30/32', '10.244.3.2');
  const before = rowClaims(nb);
  const second = route('203.0.113.100/32', '10.244.2.2');
  t.deepEqual(rowClaims(nb), before);
  nb.delete('Logical_Router_Static_Route', first);
  t.deepEqual(rowClaims(nb), before);
  nb.delete('Logical_Router_Static_Route', second);
  t.notDeepEqual(rowClaims(nb), before);
});

test('rows that cannot be read claim nothing, and a translation of everything does not claim everything', (t) => {
  const nb = rows();
  const before = rowClaims(nb).length;
  nb.insert('Logical_Router_Port', { name: 'rtoe-GR_x', mac: '?', networks: ['nonsense', '1.2.3.4/99'] });
  nb.insert('Logical_Router_Static_Route', { nexthop: 'discard' });
  nb.insert('NAT', { type: 'snat', external_ip: '', logical_ip: '0.0.0.0/0' });
  nb.insert('Logical_Router', { name: 'GR_x', external_ids: new Map([['physical_ip', ',x/24']]) });
  t.is(rowClaims(nb).length, before);
  t.deepEqual(gatewayMacs(nb).map(String), ['0a:58:cb:00:71:0b']);
  t.deepEqual(gatewayAddresses(nb).map(String), ['203.0.113.12']);
});
