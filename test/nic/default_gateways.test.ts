import test from 'ava';
import type { Address, Route, Snapshot } from '../../src/host/snapshot.js';
import { defaultGateways } from '../../src/nic/default_gateways.js';

const LINK = { ifindex: 2, ifname: 'eth0', address: '02:00:00:00:00:01', mtu: 1500, flags: [] };
const ADDRESSES: readonly Address[] = [
  { family: 'inet', local: '192.0.2.5', prefixlen: 32 },
  { family: 'inet', local: '203.0.113.10', prefixlen: 24 },
  { family: 'inet6', local: '2001:db8::9', prefixlen: 64, tentative: true },
  { family: 'inet6', local: '2001:db8::10', prefixlen: 64 },
  { family: 'inet6', local: 'fe80::10', prefixlen: 64 },
];
const v4 = (route: Partial<Route>): Route => ({ family: 4, dst: 'default', dev: 'eth0', ...route });
const v6 = (route: Partial<Route>): Route => ({ ...v4(route), family: 6 });

const CASES: readonly (readonly [
  string,
  readonly Route[],
  readonly (readonly [string, string | undefined])[],
])[] = [
  ['the gateway of a default route', [v4({ gateway: '203.0.113.1' })], [['203.0.113.1', '203.0.113.10']]],
  [
    'a gateway outside of every subnet, from any address',
    [v4({ gateway: '198.51.100.1', flags: ['onlink'] })],
    [['198.51.100.1', '192.0.2.5']],
  ],
  [
    'a link-local gateway, from the link-local address',
    [v6({ gateway: 'fe80::1' })],
    [['fe80::1', 'fe80::10']],
  ],
  [
    'a gateway, but not from a tentative address',
    [v6({ gateway: '2001:db8::1' })],
    [['2001:db8::1', '2001:db8::10']],
  ],
  [
    'IPv4 through an IPv6 router',
    [v4({ via: { family: 'inet6', host: 'fe80::1' } })],
    [['fe80::1', 'fe80::10']],
  ],
  [
    'each next hop on this interface',
    [
      v4({
        nexthops: [
          { gateway: '203.0.113.1', dev: 'eth0' },
          { gateway: '203.0.113.2', dev: 'eth1' },
        ],
      }),
    ],
    [['203.0.113.1', '203.0.113.10']],
  ],
  [
    'those of several tables, each once',
    [
      v4({ gateway: '203.0.113.1' }),
      v4({ gateway: '203.0.113.1', table: '77' }),
      v4({ gateway: '203.0.113.2', table: '78' }),
    ],
    [
      ['203.0.113.1', '203.0.113.10'],
      ['203.0.113.2', '203.0.113.10'],
    ],
  ],
  [
    'none of other routes, or of a route without a gateway',
    [v4({ dst: '10.0.0.0/8', gateway: '203.0.113.1' }), v4({})],
    [],
  ],
];

for (const [name, routes, expected] of CASES) {
  test(`default gateways: ${name}`, (t) => {
    const snapshot: Snapshot = {
      device: 'eth0',
      link: LINK,
      addresses: ADDRESSES,
      routes,
      rules: [],
      neighbours: [],
    };
    t.deepEqual(
      defaultGateways(snapshot).map(({ address, source }): [string, string | undefined] => [address, source]),
      expected.map(([address, source]): [string, string | undefined] => [address, source]),
    );
  });
}
