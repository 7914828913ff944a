import test from 'ava';
import { isConfigured } from '../../src/host/kernel_routes.js';
import type { Address, Route } from '../../src/host/snapshot.js';

const V4: Address = { family: 'inet', local: '203.0.113.10', prefixlen: 24 };
const V6: Address = { family: 'inet6', local: '2001:db8::10', prefixlen: 64 };
const LINK: Address = { family: 'inet6', local: 'fe80::10', prefixlen: 64 };
const OF_V4: Route = { family: 4, dst: '203.0.113.0/24', dev: 'eth0', type: '1', protocol: '2' };
const OF_V6: Route = { family: 6, dst: '2001:db8::/64', dev: 'eth0', type: '1', protocol: '2', metric: 256 };
const OF_LINK: Route = { ...OF_V6, dst: 'fe80::/64' };
const none = { noprefixroute: true };

const CASES: readonly (readonly [string, Route, readonly Address[], boolean])[] = [
  ['by an operator', { ...OF_V4, protocol: '3' }, [V4], true],
  ['of an IPv4 address', OF_V4, [V4], false],
  ['of an IPv4 address, by number', { ...OF_V4, protocol: 2, type: 1 }, [V4], false],
  ['of an IPv4 address, by name', { ...OF_V4, protocol: 'kernel', type: 'unicast' }, [V4], false],
  ['of an IPv6 address', OF_V6, [V6], false],
  ['of a link-local address', OF_LINK, [LINK], false],
  ['of an address with a metric', { ...OF_V4, metric: 5 }, [{ ...V4, metric: 5 }], false],
  ['of an IPv6 address with a metric', { ...OF_V6, metric: 5 }, [{ ...V6, metric: 5 }], false],
  ['of a peer', { ...OF_V4, dst: '192.0.2.7' }, [{ ...V4, prefixlen: 32, address: '192.0.2.7' }], false],
  ['of an IPv6 peer', { ...OF_V6, dst: '2001:db8::7' }, [{ ...V6, address: '2001:db8::7' }], false],
  ['of an IPv4 address with noprefixroute', OF_V4, [{ ...V4, ...none }], true],
  ['of an IPv6 address with noprefixroute', OF_V6, [{ ...V6, ...none }], true],
  ['of a link-local address with noprefixroute', OF_LINK, [{ ...LINK, ...none }], true],
  [
    'of two addresses, one with noprefixroute',
    OF_V4,
    [
      { ...V4, ...none },
      { ...V4, local: '203.0.113.11' },
    ],
    false,
  ],
  [
    'of a secondary address alone',
    OF_V4,
    [
      { ...V4, ...none },
      { ...V4, secondary: true },
    ],
    true,
  ],
  ['of another metric than the address', { ...OF_V4, metric: 100 }, [V4], true],
  ['of another network', { ...OF_V4, dst: '198.51.100.0/24' }, [V4, V6], true],
  ['of no address at all', OF_V6, [], true],
  ['of an IPv6 address that expires, or that has expired', { ...OF_V6, expires: 9 }, [], false],
  [
    'to an own address, with noprefixroute',
    { ...OF_V4, dst: '203.0.113.10', type: '2' },
    [{ ...V4, ...none }],
    false,
  ],
  ['to broadcast', { ...OF_V4, dst: '203.0.113.255', type: '3' }, [{ ...V4, ...none }], false],
  ['to multicast', { ...OF_V6, dst: 'ff00::/8', type: '5' }, [], false],
];

for (const [what, route, addresses, isTaken] of CASES)
  test(`a route ${what} ${isTaken ? 'moves' : 'is left to the kernel'}`, (t) => {
    t.is(isConfigured(route, addresses), isTaken);
  });
