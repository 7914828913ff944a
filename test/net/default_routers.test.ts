import test from 'ava';
import { routersThrough } from '../../src/net/default_routers.js';

test('the routers of a device come from its routes and next hops, each once', (t) => {
  const routes = [
    { dev: 'eth0', gateway: '203.0.113.1' },
    { dev: 'eth0', gateway: '203.0.113.1' },
    { dev: 'eth1', gateway: '198.51.100.1' },
    { dev: 'eth0', via: { host: 'fe80::1' } },
    { dev: 'eth0' },
    {
      nexthops: [
        { dev: 'eth0', gateway: '203.0.113.2' },
        { dev: 'eth1', gateway: '198.51.100.2' },
      ],
    },
  ];
  t.deepEqual(routersThrough('eth0', routes).map(String), ['203.0.113.1', 'fe80::1', '203.0.113.2']);
  t.deepEqual(routersThrough('eth2', routes), []);
});
