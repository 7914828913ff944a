import test from 'ava';
import { type Address, FOREVER, type Route, type Rule } from '../../src/host/snapshot.js';
import {
  addressLine,
  deleteAddressLine,
  deleteNeighbourLine,
  isPermanent,
  neighbourLine,
  routeLine,
  ruleLine,
} from '../../src/nic/lines.js';

const V4: Address = { family: 'inet', local: '203.0.113.10', prefixlen: 24 };
const V6: Address = { family: 'inet6', local: '2001:db8::10', prefixlen: 64 };

const ADDRESSES: readonly (readonly [string, Address, string])[] = [
  ['an address alone', V4, 'address replace 203.0.113.10/24 dev breth0'],
  [
    'a point-to-point address',
    { ...V4, address: '192.0.2.7', prefixlen: 32 },
    'address replace 203.0.113.10 peer 192.0.2.7/32 dev breth0',
  ],
  [
    'all attributes',
    { ...V4, broadcast: '203.0.113.255', scope: 'global', label: 'eth0:1', metric: 5, protocol: 'kernel_ra' },
    'address replace 203.0.113.10/24 broadcast 203.0.113.255 scope global label breth0:1 metric 5 proto kernel_ra dev breth0',
  ],
  ['a label that is only the name', { ...V4, label: 'eth0' }, 'address replace 203.0.113.10/24 dev breth0'],
  [
    'a lease',
    { ...V4, valid_life_time: 60, preferred_life_time: 30 },
    'address replace 203.0.113.10/24 dev breth0 valid_lft 60 preferred_lft 30',
  ],
  [
    'an address without end that is deprecated',
    { ...V4, deprecated: true, valid_life_time: FOREVER, preferred_life_time: FOREVER },
    'address replace 203.0.113.10/24 dev breth0 valid_lft forever preferred_lft 0',
  ],
  [
    'the flags of IPv6',
    { ...V6, home: true, mngtmpaddr: true, noprefixroute: true, autojoin: true },
    'address replace 2001:db8::10/64 dev breth0 home mngtmpaddr noprefixroute autojoin nodad',
  ],
];

for (const [name, address, line] of ADDRESSES) {
  test(`the line of ${name} has everything that the address has`, (t) => {
    t.is(addressLine('replace', address, 'eth0', 'breth0', { nodad: true }), line);
  });
}

test('nodad is for IPv6, and kept where it was set', (t) => {
  const line = (one: Address, nodad: boolean) => addressLine('change', one, 'eth0', 'breth0', { nodad });
  t.is(line(V6, false), 'address change 2001:db8::10/64 dev breth0');
  t.is(line({ ...V6, nodad: true }, false), 'address change 2001:db8::10/64 dev breth0 nodad');
  t.is(line(V4, true), 'address change 203.0.113.10/24 dev breth0');
});

test('the line that deletes an address identifies it', (t) => {
  t.is(
    deleteAddressLine({ ...V4, label: 'eth0:1', metric: 5 }, 'eth0'),
    'address del 203.0.113.10/24 dev eth0',
  );
});

const route = (one: Partial<Route>): Route => ({ family: 4, dst: '10.0.0.0/8', dev: 'eth0', ...one });

const ROUTES: readonly (readonly [string, Route, string])[] = [
  [
    'an on-link gateway',
    route({ gateway: '192.0.2.1', flags: ['onlink', 'linkdown'] }),
    'route add 10.0.0.0/8 via 192.0.2.1 dev breth0 onlink',
  ],
  [
    'a default route of IPv6',
    route({ family: 6, dst: 'default', gateway: 'fe80::1' }),
    'route add ::/0 via fe80::1 dev breth0',
  ],
  [
    'a gateway of the other family',
    route({ via: { family: 'inet6', host: 'fe80::1' } }),
    'route add 10.0.0.0/8 via inet6 fe80::1 dev breth0',
  ],
  ['a type', route({ type: '6' }), 'route add blackhole 10.0.0.0/8 dev breth0'],
  [
    'every attribute',
    route({
      from: '192.0.2.0/24',
      tos: '0x10',
      table: '77',
      protocol: '4',
      scope: '253',
      prefsrc: '203.0.113.10',
      metric: 100,
      pref: 'high',
      metrics: [{ mtu: 1400, initcwnd: 20 }],
      expires: 300,
    }),
    'route add 10.0.0.0/8 from 192.0.2.0/24 tos 0x10 dev breth0 table 77 proto 4 scope 253 src 203.0.113.10 metric 100 pref high mtu 1400 initcwnd 20 expires 300',
  ],
  [
    'realms',
    route({ gateway: '192.0.2.1', flow: { to: '5' } }),
    'route add 10.0.0.0/8 via 192.0.2.1 dev breth0 realms 5',
  ],
  [
    'all metrics, as iproute2 6.1 prints them for rtt 2500ms rttvar 50 rto_min 20ms features ecn congctl reno',
    route({
      metrics: [
        {
          ...{ window: 1000, rtt: 2500, rttvar: 12, ssthresh: 33, cwnd: 10, advmss: 1000, reordering: 4 },
          ...{ hoplimit: 5, initcwnd: 11, ecn: null, rto_min: 20, initrwnd: 12, quickack: 1 },
          ...{ congestion: 'reno', fastopen_no_cookie: 1 },
        },
      ],
    }),
    'route add 10.0.0.0/8 dev breth0 window 1000 rtt 2500ms rttvar 12ms ssthresh 33 cwnd 10 advmss 1000 reordering 4 hoplimit 5 initcwnd 11 features ecn rto_min 20ms initrwnd 12 quickack 1 congctl reno fastopen_no_cookie 1',
  ],
  [
    'the scope of an IPv6 route, which has none',
    route({ family: 6, scope: '0' }),
    'route add 10.0.0.0/8 dev breth0',
  ],
];

for (const [name, one, line] of ROUTES) {
  test(`the line of a route has ${name}`, (t) => t.is(routeLine('add', one, 'eth0', 'breth0'), line));
}

test('the line that deletes a route has no lifetime, which changes, and no metrics, which ip rounds', (t) => {
  const one = route({ expires: 300, metrics: [{ rtt: 12 }] });
  t.is(routeLine('del', one, 'eth0', 'eth0'), 'route del 10.0.0.0/8 dev eth0');
});

test('a route keeps its next hops on other devices', (t) => {
  const nexthops = [
    { gateway: '203.0.113.1', dev: 'eth0', weight: 1 },
    { gateway: '192.0.2.1', dev: 'eth1', weight: 3, flow: { from: '4', to: '5' } },
  ];
  t.is(
    routeLine('add', { family: 4, dst: 'default', flags: [], nexthops }, 'eth0', 'breth0'),
    'route add default nexthop via 203.0.113.1 dev breth0 weight 1 nexthop via 192.0.2.1 dev eth1 realms 4/5 weight 3',
  );
});

/** What iproute2 6.1 prints of `encap ip id 7 dst 203.0.113.9` and of `encap seg6 mode encap segs fc00::1,fc00::2`. */
const IP_ENCAP = {
  ...{ encap: 'ip', id: 7, src: '0.0.0.0', dst: '203.0.113.9', ttl: 0, tos: 0 },
  ...{ gateway: '203.0.113.1', dev: 'eth0', weight: 1, flags: [] },
};
const SEG6 = { encap: 'seg6', mode: 'encap', segs: ['fc00::1', 'fc00::2'] };
/** A route over a nexthop object: `nexthop add id 5 via 203.0.113.1 dev eth0`, `route add … nhid 5`. */
const NEXTHOP_OBJECT = {
  ...{ nhid: 5, gateway: '203.0.113.1' },
  nh_info: { id: 5, gateway: '203.0.113.1', dev: 'eth0', scope: '253', protocol: '0', flags: [] },
};

for (const [what, strange] of [
  ['encap', { encap: 'mpls' }],
  ['nhid', NEXTHOP_OBJECT],
  ['a newer metric', { metrics: [{ 'a newer metric': 7 }] }],
  ['encap', { dev: undefined, nexthops: [{ gateway: '192.0.2.1', dev: 'eth0' }, IP_ENCAP] }],
  ['encap', { dev: undefined, nexthops: [{ gateway: 'fe80::1', dev: 'eth0', ...SEG6 }] }],
  ['offloaded', { nexthops: [{ dev: 'eth0', flags: ['offloaded'] }] }],
  ['notify', { flags: ['notify'] }],
] as const) {
  test(`a route with "${what}" in ${JSON.stringify(strange)} is refused, not moved without it`, (t) => {
    t.throws(() => routeLine('add', { ...route({}), ...strange } as Route, 'eth0', 'breth0'), {
      code: 'ERR_CANNOT_MOVE',
      message: `route 10.0.0.0/8 has "${what}", which cannot be moved; delete that route first`,
    });
  });
}

const rule = (one: Partial<Rule>): Rule => ({ family: 4, priority: 1000, src: 'all', ...one });

const RULES: readonly (readonly [string, Rule, string])[] = [
  ['the device', rule({ iif: 'eth0', table: '77' }), 'rule add from all iif breth0 table 77 priority 1000'],
  ['another device', rule({ oif: 'eth1', table: '77' }), 'rule add from all oif eth1 table 77 priority 1000'],
  [
    'its selectors',
    rule({
      not: null,
      src: '10.0.0.0',
      srclen: 8,
      dst: '10.66.0.0',
      dstlen: 16,
      tos: '0x10',
      fwmark: '0x1',
      fwmask: '0xff',
      ipproto: 'ipproto-6',
      sport_start: 1024,
      sport_end: 2048,
      dport: 22,
      uid_start: 0,
      uid_end: 99,
      table: '77',
    }),
    'rule add not from 10.0.0.0/8 to 10.66.0.0/16 tos 0x10 fwmark 0x1/0xff ipproto 6 sport 1024-2048 dport 22 uidrange 0-99 table 77 priority 1000',
  ],
  [
    'a port, whose full mask iproute2 6.15 prints',
    rule({ dport: 22, dport_mask: '0xffff' }),
    'rule add from all dport 22 priority 1000',
  ],
  [
    'a masked port',
    rule({ sport: 256, sport_mask: '0xff00' }),
    'rule add from all sport 256/0xff00 priority 1000',
  ],
  ['a DSCP', rule({ dscp: '5', dscp_mask: '0x3f' }), 'rule add from all dscp 5 priority 1000'],
  ['a masked DSCP', rule({ dscp: '5', dscp_mask: '0x7' }), 'rule add from all dscp 5/0x7 priority 1000'],
  [
    'a flow label',
    rule({ family: 6, flowlabel: '0x12', flowlabel_mask: '0xfffff' }),
    'rule add from all flowlabel 0x12 priority 1000',
  ],
  [
    'a masked flow label',
    rule({ family: 6, flowlabel: '0x12', flowlabel_mask: '0xff' }),
    'rule add from all flowlabel 0x12/0xff priority 1000',
  ],
  [
    'its actions',
    rule({
      table: '77',
      protocol: '4',
      suppress_prefixlen: 0,
      flow_from: 1,
      flow_to: 2,
      goto: 2000,
      action: '7',
    }),
    'rule add from all table 77 protocol 4 suppress_prefixlength 0 realms 1/2 goto 2000 type 7 priority 1000',
  ],
];

for (const [name, one, line] of RULES) {
  test(`the line of a rule has ${name}`, (t) => t.is(ruleLine('add', one, 'eth0', 'breth0'), line));
}

test('a rule with an unknown attribute is refused', (t) => {
  const strange = { ...rule({ iif: 'eth0' }), l3mdev: true };
  t.throws(() => ruleLine('add', strange, 'eth0', 'breth0'), {
    code: 'ERR_CANNOT_MOVE',
    message: 'rule 1000 has "l3mdev", which cannot be moved; delete that rule first',
  });
});

test('an address with an attribute that is not known is refused', (t) => {
  const strange = { ...V4, anycast: '203.0.113.9' };
  t.throws(() => addressLine('replace', strange, 'eth0', 'breth0', { nodad: true }), {
    code: 'ERR_CANNOT_MOVE',
    message: 'address 203.0.113.10/24 has "anycast", which cannot be moved; delete that address first',
  });
});

for (const [label, why] of [
  ['eth0:backup-vip', 'is longer than 15 characters as breth0:backup-vip'],
  ['service', 'does not begin with eth0:'],
] as const)
  test(`an address with label ${label} is refused, since it ${why}`, (t) => {
    t.throws(() => addressLine('replace', { ...V4, label }, 'eth0', 'breth0', { nodad: true }), {
      code: 'ERR_CANNOT_MOVE',
      message: `address 203.0.113.10/24 has label ${label}, which ${why}; delete that address, and add it with another label`,
    });
  });

test('a label of 15 characters moves', (t) => {
  const line = addressLine('replace', { ...V4, label: 'eth0:vip-12345' }, 'eth0', 'br0', { nodad: false });
  t.is(line, 'address replace 203.0.113.10/24 label br0:vip-12345 dev br0');
});

test('a configured neighbour with an unknown attribute is refused, and its protocol moves', (t) => {
  const configured = { dst: '203.0.113.1', lladdr: '02:00:00:00:00:02', state: ['PERMANENT'], protocol: '5' };
  t.is(
    neighbourLine(configured, 'breth0'),
    'neighbour replace 203.0.113.1 lladdr 02:00:00:00:00:02 dev breth0 nud permanent protocol 5',
  );
  for (const strange of [
    { ...configured, vni: 5 },
    { dst: '203.0.113.7', managed: null, state: ['INCOMPLETE'] },
  ])
    t.throws(() => neighbourLine(strange, 'breth0'), {
      code: 'ERR_CANNOT_MOVE',
      message: /has "(vni|managed)"/,
    });
});

test('a configured neighbour stays permanent, a learnt one is stale, a proxy is a proxy', (t) => {
  const learnt = { dst: '203.0.113.1', lladdr: '02:00:00:00:00:02', state: ['REACHABLE'] };
  const configured = { ...learnt, state: ['PERMANENT'], router: null, extern_learn: null };
  const proxy = { dst: '203.0.113.67', proxy: null };
  t.is(
    neighbourLine(learnt, 'breth0'),
    'neighbour replace 203.0.113.1 lladdr 02:00:00:00:00:02 dev breth0 nud stale',
  );
  t.is(
    neighbourLine(configured, 'breth0'),
    'neighbour replace 203.0.113.1 lladdr 02:00:00:00:00:02 dev breth0 nud permanent router extern_learn',
  );
  t.is(neighbourLine(proxy, 'breth0'), 'neighbour add proxy 203.0.113.67 dev breth0');
  t.is(deleteNeighbourLine(proxy, 'eth0'), 'neighbour del proxy 203.0.113.67 dev eth0');
  t.deepEqual([learnt, configured, proxy].map(isPermanent), [false, true, true]);
});

for (const name of ['a#b', 'a"b', "a'b", 'a\\b', 'a\x1bb'])
  test(`a route or rule of interface ${JSON.stringify(name)} is refused, since ip -batch would misread the line`, (t) => {
    const refusal = { code: 'ERR_CANNOT_MOVE', message: /has a character that ip -batch does not read/ };
    const route: Route = { family: 4, dst: '10.0.0.0/8', nexthops: [{ dev: 'eth0' }, { dev: name }] };
    t.throws(() => routeLine('add', route, 'eth0', 'breth0'), refusal);
    t.throws(
      () => ruleLine('add', { family: 4, priority: 1, iif: 'eth0', oif: name }, 'eth0', 'breth0'),
      refusal,
    );
    t.throws(
      () => addressLine('replace', { ...V4, label: `eth0:${name}` }, 'eth0', 'breth0', { nodad: false }),
      refusal,
    );
  });
