import type { V1Pod } from '@kubernetes/client-node';
import test from 'ava';
import { ANNOTATION, type PodNetwork } from '../../src/kube/pod_annotation.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { switchGateways } from '../../src/ovn/gateways.js';
import { addressesColumn, portNetwork, wantedPort } from '../../src/watcher/desired_pod_port.js';

function pod(
  spec: Partial<NonNullable<V1Pod['spec']>>,
  { phase, annotation }: { phase?: string; annotation?: string } = {},
): V1Pod {
  return {
    metadata: {
      namespace: 'ns',
      name: 'p',
      ...(annotation && { annotations: { [ANNOTATION]: annotation } }),
    },
    spec: { containers: [], nodeName: 'gw1', ...spec },
    ...(phase && { status: { phase } }),
  };
}

test('a scheduled pod has a port on its node until it has finished', (t) => {
  t.like(wantedPort(pod({})), { name: 'ns_p', node: 'gw1' });
  t.like(wantedPort(pod({}, { phase: 'Running' })), { name: 'ns_p' });
  for (const phase of ['Succeeded', 'Failed']) t.is(wantedPort(pod({}, { phase })), undefined);
  t.is(wantedPort(pod({ nodeName: '' })), undefined);
  t.is(wantedPort(pod({ hostNetwork: true })), undefined);
  t.is(wantedPort({ metadata: { namespace: 'ns', name: 'p' } }), undefined);
});

test('a pod keeps the network in its annotation; an annotation that cannot be read counts as none', (t) => {
  const annotation =
    '{"ip_address":"10.244.1.5/24","mac_address":"0a:58:0a:f4:01:05","gateway_ip":"10.244.1.1"}';
  t.deepEqual(wantedPort(pod({}, { annotation }))?.network, {
    mac: parseMac('0a:58:0a:f4:01:05'),
    addresses: [parseCidr('10.244.1.5/24')],
    gateways: [parseIp('10.244.1.1')],
  });
  for (const bad of ['', 'garbage', '{}', '[]', 'null', '{"ip_address":"10.244.1.5"}'])
    t.is(wantedPort(pod({}, { annotation: bad }))?.network, undefined, bad);
  t.regex(wantedPort(pod({}, { annotation: 'garbage' }))?.unreadable ?? '', /^annotation ovn is not JSON: /);
  t.is(wantedPort(pod({}))?.unreadable, undefined);
});

test('annotated addresses are requested if they are free', (t) => {
  const gateways = switchGateways('10.244.1.1/24,fd00:10:244:1::1/64');
  const network = annotatedAs('10.244.1.5/24', 'fd00:10:244:1::5/64');
  const free = () => true;
  t.is(addressesColumn(network, gateways, free), '0a:58:0a:f4:01:05 10.244.1.5 fd00:10:244:1::5');
  t.is(
    addressesColumn(network, gateways, () => false),
    'dynamic',
  );
  t.is(
    addressesColumn(network, gateways, (address) => address !== network.mac),
    'dynamic',
    'its MAC is taken',
  );
  t.is(addressesColumn(annotatedAs(), gateways, free), 'dynamic');
  t.is(addressesColumn(undefined, gateways, free), 'dynamic');
});

test('an annotated address outside of the switch subnets, or of the router, is not requested', (t) => {
  const gateways = switchGateways('10.244.1.1/24');
  for (const address of ['10.244.2.5/24', '198.51.100.1/0', '10.244.1.1/24', 'fd00:10:244:1::5/64'])
    t.is(
      addressesColumn(annotatedAs(address), gateways, () => true),
      'dynamic',
      address,
    );
});

function annotatedAs(...addresses: readonly string[]): PodNetwork {
  return { mac: parseMac('0a:58:0a:f4:01:05'), addresses: addresses.map(parseCidr), gateways: [] };
}

test('the network of a port is what OVN allocated, or its static addresses, with the masks and gateways of its switch', (t) => {
  const gateways = switchGateways('10.244.1.1/24,fd00:10:244:1::1/64');
  const dynamic_addresses = '0a:58:0a:f4:01:05 10.244.1.5 fd00:10:244:1::5';
  t.deepEqual(portNetwork({ addresses: ['dynamic'], dynamic_addresses }, gateways), {
    mac: parseMac('0a:58:0a:f4:01:05'),
    addresses: [parseCidr('10.244.1.5/24'), parseCidr('fd00:10:244:1::5/64')],
    gateways: [parseIp('10.244.1.1'), parseIp('fd00:10:244:1::1')],
  });
  t.deepEqual(
    portNetwork({ addresses: ['0a:58:0a:f4:01:05 10.244.1.5'], dynamic_addresses: undefined }, gateways),
    {
      mac: parseMac('0a:58:0a:f4:01:05'),
      addresses: [parseCidr('10.244.1.5/24')],
      gateways: [parseIp('10.244.1.1')],
    },
  );
  for (const addresses of [['dynamic'], ['0a:58:0a:f4:01:05 dynamic'], ['0a:58:0a:f4:01:05']])
    t.is(portNetwork({ addresses, dynamic_addresses: undefined }, gateways), undefined, addresses.join());
});
