import test from 'ava';
import { parseRouters } from '../../src/host/router_source.js';

test('the routers of a device come from its default routes, each once', (t) => {
  const outputs = [
    JSON.stringify([
      { dst: 'default', gateway: '203.0.113.1', dev: 'breth0' },
      { dst: 'default', gateway: '198.51.100.1', dev: 'eth1' },
      {
        dst: 'default',
        nexthops: [
          { gateway: '203.0.113.2', dev: 'breth0' },
          { gateway: '203.0.113.1', dev: 'breth0' },
        ],
      },
      { dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, dev: 'breth0' },
    ]),
    JSON.stringify([
      { dst: 'default', gateway: 'fe80::1', dev: 'breth0' },
      { dst: 'default', dev: 'breth0' },
    ]),
    '',
  ];
  t.deepEqual(parseRouters(outputs, 'breth0').map(String), ['203.0.113.1', '203.0.113.2', 'fe80::1']);
});
