import test from 'ava';
import fc from 'fast-check';
import {
  type Balancer,
  balancerName,
  balancerText,
  groupName,
  isSameBalancer,
  vipText,
} from '../../src/watcher/desired_balancer.js';

const CLUSTER: Balancer = { scope: 'cluster', protocol: 'tcp', service: 'd/web', options: {} };
const OWN: Balancer = {
  scope: { gateway: 'gw1' },
  protocol: 'sctp',
  service: 'default/web',
  options: { skip_snat: 'true', reject: 'true' },
};

test('the text of a load balancer has a form that rows in databases keep', (t) => {
  t.is(balancerText(CLUSTER), '["","tcp","d/web",[]]');
  t.is(balancerText(OWN), '["gw1","sctp","default/web",[["reject","true"],["skip_snat","true"]]]');
  t.is(balancerText({ ...CLUSTER, hashBy: 'ip_src' }), '["","tcp","d/web",[],"ip_src"]');
});

test('the order of options does not change the text; any other difference does', (t) => {
  const { skip_snat = '', reject = '' } = OWN.options;
  t.is(balancerText({ ...OWN, options: { reject, skip_snat } }), balancerText(OWN));
  for (const other of [
    { scope: 'cluster' },
    { scope: { gateway: 'gw2' } },
    { scope: { node: 'gw1' } },
    { protocol: 'udp' },
    { service: 'default/other' },
    { options: { skip_snat } },
    { hashBy: 'ip_src' },
  ] as const)
    t.not(balancerText({ ...OWN, ...other }), balancerText(OWN));
});

test('two load balancers are the same exactly if their texts are', (t) => {
  const name = fc.constantFrom('a', 'b');
  const balancer: fc.Arbitrary<Balancer> = fc.record(
    {
      scope: fc.oneof(
        fc.constant('cluster' as const),
        name.map((gateway) => ({ gateway })),
        name.map((node) => ({ node })),
      ),
      protocol: fc.constantFrom('tcp', 'udp'),
      service: name,
      options: fc.dictionary(name, fc.constantFrom('x', 'y'), { noNullPrototype: true }),
      hashBy: fc.constantFrom('ip_src', 'eth_src'),
    },
    { requiredKeys: ['scope', 'protocol', 'service', 'options'] },
  );
  fc.assert(
    fc.property(balancer, balancer, (one, other) => {
      t.is(isSameBalancer(one, other), balancerText(one) === balancerText(other));
      t.true(isSameBalancer(one, { ...one, options: { ...one.options } }));
    }),
    { numRuns: 500 },
  );
});

test('one address, port and protocol in one scope is one thing, whichever row has it', (t) => {
  const vip = '192.0.2.1:80';
  t.is(vipText({ balancer: CLUSTER, vip }), vipText({ balancer: { ...CLUSTER, service: 'd/other' }, vip }));
  t.not(vipText({ balancer: CLUSTER, vip }), vipText({ balancer: { ...CLUSTER, protocol: 'udp' }, vip }));
  t.not(vipText({ balancer: CLUSTER, vip }), vipText({ balancer: { ...OWN, protocol: 'tcp' }, vip }));
});

test('a group and a name tell where a load balancer is', (t) => {
  const scopes = ['cluster', { gateway: 'gw1' }, { node: 'n1' }] as const;
  t.deepEqual(scopes.map(groupName), ['k8s-cluster', 'GR_gw1', 'switch_n1']);
  t.deepEqual(
    scopes.map((scope) => balancerName({ ...OWN, scope })),
    [
      'Service_default/web_SCTP_cluster',
      'Service_default/web_SCTP_GR_gw1',
      'Service_default/web_SCTP_switch_n1',
    ],
  );
});
