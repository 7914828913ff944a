import test from 'ava';
import { lockedRoute } from '../../src/nic/locked_metrics.js';

test('a route with a locked metric is found, and one whose metrics are not locked is not', (t) => {
  const open = '198.51.100.0/24 via 203.0.113.1 dev eth0 mtu 1400';
  t.is(lockedRoute(open), undefined);
  t.is(lockedRoute(`${open}\ndefault via 203.0.113.1 dev eth0 mtu lock 1400 \n`), 'default');
  t.is(lockedRoute(''), undefined);
});
