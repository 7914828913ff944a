import test from 'ava';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { tableRules } from '../../src/node/desired_table.js';
import { goldenTable, readGolden } from './golden.js';

test('the table of a dual-stack node is the golden one (npm run goldens rewrites it)', (t) => {
  t.is(goldenTable(), readGolden());
});

const STATE = {
  device: 'k8s-n1',
  subnets: [parseCidr('10.244.3.0/24')],
  clusterSubnets: [parseCidr('10.244.0.0/16')],
  serviceSubnets: [],
};

test('a node of one family has no rules of the other', (t) => {
  const { rules } = tableRules({ state: STATE, first: [parseIp('203.0.113.12'), parseIp('2001:db8::12')] });
  t.false(JSON.stringify(rules).includes('ip6'));
  t.true(JSON.stringify(rules).includes('203.0.113.12'));
});

test('another own address, subnet or name makes another version of the rules, equal facts the same', (t) => {
  const versions = [
    tableRules({ state: STATE, first: [parseIp('203.0.113.12')] }),
    tableRules({ state: STATE, first: [parseIp('203.0.113.13')] }),
    tableRules({ state: { ...STATE, device: 'k8s-n2' }, first: [parseIp('203.0.113.12')] }),
    tableRules({
      state: { ...STATE, serviceSubnets: [parseCidr('10.96.0.0/16')] },
      first: [parseIp('203.0.113.12')],
    }),
  ].map(({ version }) => version);
  t.is(new Set(versions).size, versions.length);
  t.is(tableRules({ state: { ...STATE }, first: [parseIp('203.0.113.12')] }).version, versions[0] ?? '');
});
