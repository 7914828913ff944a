import test from 'ava';
import { lockedRoute } from '../../src/nic/locked_metrics.js';

/** What iproute2 6.1 prints with -oneline. */
const OPEN = '198.51.100.0/24 via 203.0.113.1 dev eth0 mtu 1400 rto_min lock 20ms ';
const HOPS =
  '10.4.0.0/16 mtu lock 1300 \\\tnexthop via 203.0.113.1 realm 5 dev eth0 weight 1 \\\tnexthop via 203.0.113.2 dev eth1 weight 3 ';

test('a route with a locked metric is found, and one whose metrics are not locked is not', (t) => {
  t.is(lockedRoute('eth0', OPEN), undefined);
  t.is(lockedRoute('eth0', `${OPEN}\ndefault via 203.0.113.1 dev eth0 mtu lock 1400 \n`), 'default');
  t.is(
    lockedRoute('eth0', `${OPEN}\n10.7.0.0/16 via 203.0.113.1 dev eth0 hoplimit lock 3 \n`),
    '10.7.0.0/16',
  );
  t.is(lockedRoute('eth0', ''), undefined);
});

test('a locked metric of a route with several next hops is found for each of their devices', (t) => {
  t.is(lockedRoute('eth0', `${OPEN}\n${HOPS}`), '10.4.0.0/16');
  t.is(lockedRoute('eth1', `${OPEN}\n${HOPS}`), '10.4.0.0/16');
  t.is(lockedRoute('eth', `${OPEN}\n${HOPS}`), undefined);
});
