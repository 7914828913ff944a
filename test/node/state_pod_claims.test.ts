import test from 'ava';
import { podClaims } from '../../src/node/state_pod_claims.js';
import { pod } from './objects.js';

test("a host port leads to the pod's address of the family", (t) => {
  const both = ['10.244.3.16', 'fd00:10:244:3::16'];
  const ports = [
    { hostPort: 8088, containerPort: 80 },
    { hostPort: 8089, containerPort: 81, hostIP: '203.0.113.12', protocol: 'UDP' },
  ];
  t.deepEqual(
    podClaims(pod(ports, both)).flatMap(({ elements }) => elements),
    [
      { set: 'host_port4', key: 'tcp 8088', value: '10.244.3.16 80' },
      { set: 'host_port6', key: 'tcp 8088', value: 'fd00:10:244:3::16 80' },
      { set: 'host_port_at4', key: '203.0.113.12 udp 8089', value: '10.244.3.16 81' },
    ],
  );
});

test('ports that the host needs are refused: of ssh, tunnels and DHCP', (t) => {
  const ports = [
    { hostPort: 22, containerPort: 22 },
    { hostPort: 6081, containerPort: 6081, protocol: 'UDP' },
    { hostPort: 68, containerPort: 68, protocol: 'UDP' },
  ];
  for (const { refused } of podClaims(pod(ports))) t.truthy(refused);
});
