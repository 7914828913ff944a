import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { removeWayBackCommands, wayBackCommands } from '../../src/ovn/way_back.js';

const SUBNETS = ['10.244.3.0/24', 'fd00:10:244:3::/64'].map(parseCidr);
const MARK = '0x4000000';
const RULES = ([4, 6] as const).map((family) => ({
  ...{ family, priority: 6400, fwmark: MARK, fwmask: MARK, table: '6400' },
}));
const ROUTES = [
  { family: 4 as const, dst: 'default', gateway: '10.244.3.1', dev: 'k8s-n1', table: '6400' },
  { family: 6 as const, dst: 'default', gateway: 'fd00:10:244:3::1', dev: 'k8s-n1', table: 6400 },
];

test('a host without the way back gets a route and a rule for each family', (t) => {
  t.deepEqual(
    wayBackCommands('k8s-n1', SUBNETS, { rules: [], routes: [] }).map((command) => command.join(' ')),
    [
      '-4 route replace default via 10.244.3.1 dev k8s-n1 table 6400',
      '-6 route replace default via fd00:10:244:3::1 dev k8s-n1 table 6400',
      `-4 rule add priority 6400 fwmark ${MARK}/${MARK} table 6400`,
      `-6 rule add priority 6400 fwmark ${MARK}/${MARK} table 6400`,
    ],
  );
});

test('a host with the way back gets nothing, and with a route to another router that one is replaced', (t) => {
  t.deepEqual(wayBackCommands('k8s-n1', SUBNETS, { rules: RULES, routes: ROUTES }), []);
  const [v4, v6] = ROUTES;
  const routes = [{ ...v4, gateway: '10.244.9.1' }, v6].flatMap((one) => one ?? []) as typeof ROUTES;
  t.is(wayBackCommands('k8s-n1', SUBNETS, { rules: RULES, routes }).length, 1);
});

test('the rules of others stay', (t) => {
  const other = { family: 4 as const, priority: 100, fwmark: MARK, table: '6400' };
  t.deepEqual(removeWayBackCommands([other]), []);
  t.deepEqual(
    removeWayBackCommands([...RULES, other]).map(([family, , action]) => `${family} ${action}`),
    ['-4 del', '-6 del'],
  );
});
