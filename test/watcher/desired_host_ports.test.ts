import test from 'ava';
import type { Pod } from '../../src/kube/kinds.js';
import { hostPortVips, mayHaveHostPorts } from '../../src/watcher/desired_host_ports.js';
import { AROUND, optionLines } from './service_sample.js';

const { gateways } = AROUND;

type Ports = NonNullable<NonNullable<NonNullable<Pod['spec']>['containers']>[number]['ports']>;

function pod(ports: Ports, more: NonNullable<Pod['spec']> = {}, ips = ['10.244.1.5']): Pod {
  return {
    metadata: { namespace: 'default', name: 'web', uid: 'u' },
    spec: { nodeName: 'gw1', containers: [{ ports }], ...more },
    status: { phase: 'Running', podIPs: ips.map((ip) => ({ ip })) },
  };
}

function linesOf(one: Pod, at = gateways): string[] {
  return optionLines(hostPortVips('default/web', one, at).vips);
}

const WEB = { containerPort: 80, hostPort: 8088 };

test("a host port is at the gateway of the pod's node, in the pod's families, and keeps the client's address", (t) => {
  t.deepEqual(linesOf(pod([WEB])), ['gw1 203.0.113.10:8088 10.244.1.5:80 reject']);
  t.deepEqual(linesOf(pod([WEB], {}, ['10.244.1.5', 'fd00:10:244:1::5'])), [
    'gw1 203.0.113.10:8088 10.244.1.5:80 reject',
    'gw1 [2001:db8::10]:8088 [fd00:10:244:1::5]:80 reject',
  ]);
});

test('a host port keeps the address of clients at a gateway of an earlier version too', (t) => {
  const forced = gateways.map((one) => ({ ...one, forcesSnat: true }));
  t.deepEqual(linesOf(pod([WEB]), forced), ['gw1 203.0.113.10:8088 10.244.1.5:80 skip_snat reject']);
});

test('TCP, UDP and SCTP have load balancers of their own', (t) => {
  const ports = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ ...WEB, protocol }));
  t.deepEqual(
    hostPortVips('default/web', pod(ports), gateways).vips.map(({ balancer }) => balancer.protocol),
    ['tcp', 'udp', 'sctp'],
  );
  t.true(linesOf(pod(ports)).includes('gw1 203.0.113.10:8088 10.244.1.5:80 ct_flush reject'));
});

test('a host port with hostIP is at that address only', (t) => {
  t.deepEqual(linesOf(pod([{ ...WEB, hostIP: '203.0.113.10' }])), linesOf(pod([WEB])));
  t.deepEqual(linesOf(pod([{ ...WEB, hostIP: '203.0.113.99' }])), []);
  t.deepEqual(linesOf(pod([{ ...WEB, hostIP: '127.0.0.1' }])), []);
});

test('a pod on a node without a gateway, or with one that has a NIC of its own, has no virtual address', (t) => {
  t.deepEqual(linesOf(pod([WEB], { nodeName: 'n3' })), []);
  t.deepEqual(
    linesOf(
      pod([WEB]),
      gateways.map((one) => ({ ...one, isShared: false })),
    ),
    [],
  );
});

test('a pod without an address yet, of the host network, or without host ports has none', (t) => {
  t.deepEqual(linesOf(pod([WEB], {}, [])), []);
  t.deepEqual(linesOf(pod([WEB], { hostNetwork: true })), []);
  t.deepEqual(linesOf(pod([])), []);
  t.false(mayHaveHostPorts({ spec: { containers: [] } }));
  t.true(mayHaveHostPorts(pod([WEB])));
});

test("the name of a pod's load balancer is no service's", (t) => {
  const [vip] = hostPortVips('default/web', pod([WEB]), gateways).vips;
  t.is(vip?.balancer.service, 'pod:default/web');
});

test('port 22 is refused and named', (t) => {
  const { vips, refused } = hostPortVips('default/web', pod([{ ...WEB, hostPort: 22 }]), gateways);
  t.deepEqual(vips, []);
  t.deepEqual(refused, ["host port tcp 22 is refused: port 22 is always the host's, for ssh"]);
});
