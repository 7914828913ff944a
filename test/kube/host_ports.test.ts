import test from 'ava';
import { podHostPorts } from '../../src/kube/host_ports.js';
import type { Pod } from '../../src/kube/kinds.js';

type Ports = NonNullable<NonNullable<NonNullable<Pod['spec']>['containers']>[number]['ports']>;

function pod(ports: Ports, more: object = {}, phase = 'Running'): Pod {
  return { spec: { containers: [{ ports }], ...more }, status: { phase } };
}

const WEB = { containerPort: 80, hostPort: 8088 };

test('a host port has its protocol, by default TCP, and the one address of the host that has it, if it names one', (t) => {
  t.deepEqual(podHostPorts(pod([WEB])), [
    { protocol: 'tcp', hostPort: 8088, containerPort: 80, hostIp: undefined },
  ]);
  const dns = { ...WEB, protocol: 'UDP' };
  for (const every of ['', '0.0.0.0', '::'])
    t.like(podHostPorts(pod([{ ...dns, hostIP: every }]))[0], { protocol: 'udp', hostIp: undefined });
  t.like(podHostPorts(pod([{ ...dns, protocol: 'SCTP', hostIP: '2001:DB8::1' }]))[0], {
    protocol: 'sctp',
    hostIp: '2001:db8::1',
  });
});

test('ports of all containers and sidecars count, each once', (t) => {
  const sidecar = { ports: [WEB, { ...WEB, hostPort: 8089 }], restartPolicy: 'Always' };
  t.deepEqual(
    podHostPorts(pod([WEB], { initContainers: [sidecar] })).map(({ hostPort }) => hostPort),
    [8088, 8089],
  );
});

test('a pod of the host network, and one that has finished, has no host port', (t) => {
  t.deepEqual(podHostPorts(pod([WEB], { hostNetwork: true })), []);
  for (const phase of ['Succeeded', 'Failed']) t.deepEqual(podHostPorts(pod([WEB], {}, phase)), []);
  t.deepEqual(podHostPorts({}), []);
});

test('an invalid port, protocol or address is refused, and so are too many ports', (t) => {
  for (const [bad, message] of [
    [{ hostPort: 70_000 }, 'port 70000 is not from 1 to 65535'],
    [{ containerPort: 0 }, 'port 0 is not from 1 to 65535'],
    [{ protocol: 'ICMP' }, 'protocol ICMP is not TCP, UDP or SCTP'],
    [{ hostIP: 'web' }, '"web" is not an IPv4 or IPv6 address'],
  ] as const)
    t.throws(() => podHostPorts(pod([{ ...WEB, ...bad }])), { message });
  t.throws(() => podHostPorts(pod(Array<typeof WEB>(257).fill(WEB))), {
    code: 'ERR_POD_PORT',
    message: '257 host ports are more than 256; make several pods of it',
  });
});
