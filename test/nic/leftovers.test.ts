import test from 'ava';
import { guardScript } from '../../src/host/guard.js';
import type { Link } from '../../src/host/snapshot.js';
import { leftoversIn } from '../../src/nic/leftovers.js';

const link = (ifname: string, on?: string): Link => ({
  ifindex: 1,
  ifname,
  address: '02:00:00:00:00:01',
  mtu: 1500,
  flags: [],
  ...(on === undefined ? {} : { link: on }),
});

const NOTHING = { links: [], firewall: {}, qdiscs: '', redirects: '', nexthops: '', sockets: '', groups: '' };

test('rules, stacked devices and shapers that still name the NIC are listed, and no others', (t) => {
  const found = leftoversIn('eth0', 'breth0', {
    ...NOTHING,
    links: [link('eth0'), link('eth0.100', 'eth0'), link('eth1.5', 'eth1')],
    firewall: {
      nft: 'table inet fw {\n  iifname "eth0" drop\n  iifname "eth01" drop\n  iifname { "eth0", "eth1" } accept\n}',
      iptables: '-A INPUT -i eth0 -p tcp -j DROP\n-A INPUT -i eth00 -j DROP',
    },
    qdiscs: 'qdisc noqueue 0: root refcnt 2\nqdisc tbf 8001: root refcnt 2 rate 1Mbit',
    nexthops: 'id 5 via 203.0.113.1 dev eth0 scope link ',
  });
  t.deepEqual(found, [
    'nft rule still names eth0 and will not match: iifname "eth0" drop',
    'nft rule still names eth0 and will not match: iifname { "eth0", "eth1" } accept',
    'iptables rule still names eth0 and will not match: -A INPUT -i eth0 -p tcp -j DROP',
    'eth0.100 is stacked on eth0: its frames bypass breth0 until it is created again on breth0',
    'tc still shapes eth0, not breth0: qdisc tbf 8001: root refcnt 2 rate 1Mbit',
    'nexthop still goes through eth0: id 5 via 203.0.113.1 dev eth0 scope link',
  ]);
});

test('the guard of the product itself is not listed', (t) => {
  const ruleset = `${guardScript('eth0').split('\n').slice(2).join('\n')}table netdev fw {\n  device "eth0" drop\n}\n`;
  const found = leftoversIn('eth0', 'breth0', { ...NOTHING, firewall: { nft: ruleset } });
  t.deepEqual(found, ['nft rule still names eth0 and will not match: device "eth0" drop']);
});

test('frames that tc redirects to the NIC are named', (t) => {
  // What iproute2 6.1 prints for `action mirred egress redirect dev eth0`.
  const redirects = `total acts 2

\taction order 0: mirred (Egress Redirect to device eth0) stolen
\tindex 1 ref 1 bind 1
\taction order 1: mirred (Egress Mirror to device eth01) pipe
\tindex 2 ref 1 bind 1`;
  t.deepEqual(leftoversIn('eth0', 'breth0', { ...NOTHING, redirects }), [
    'tc still sends frames to eth0, not breth0: action order 0: mirred (Egress Redirect to device eth0) stolen',
  ]);
});
