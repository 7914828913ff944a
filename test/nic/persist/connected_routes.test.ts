import test from 'ava';
import { connectedRoutesIn } from '../../../src/nic/persist/connected_routes.js';

test('the connected routes are those of subnets that can have a gateway', (t) => {
  const v4 =
    '203.0.113.0/24 scope link src 203.0.113.20 metric 1024 \n198.51.100.0/24 scope link src 198.51.100.2 linkdown \n';
  t.deepEqual(
    connectedRoutesIn(v4).map((words) => words.join(' ')),
    ['203.0.113.0/24 scope link src 203.0.113.20 metric 1024', '198.51.100.0/24 scope link src 198.51.100.2'],
  );
  const v6 = `2001:db8::/64 metric 256 pref medium
2001:db8:1::/64 metric 256 expires 20sec pref medium
fe80::/64 metric 256 pref medium
ff00::/8 metric 256 pref medium
2001:db8::1 metric 256 pref medium
`;
  t.deepEqual(
    connectedRoutesIn(v6).map((words) => words.join(' ')),
    ['2001:db8::/64 metric 256 pref medium'],
  );
});
