import { finds } from '../finds.js';
import { changed, HEALTHY, withBridge } from '../healthy.js';

const { ports } = HEALTHY;
const socket = (isListening: boolean) => ({
  protocol: 'tcp',
  port: 62_000,
  address: '0.0.0.0',
  text: '0.0.0.0:62000 of nc (pid 9)',
  isListening,
});

finds('ports', [
  [
    'no range',
    withBridge('breth0', {
      externalIds: new Map([
        ['k8s-node-name', 'gw1'],
        ['k8s-snat-port-range', 'none'],
      ]),
    }),
    'warn',
    /which then dies/,
  ],
  [
    'a range of nonsense',
    withBridge('breth0', {
      externalIds: new Map([
        ['k8s-node-name', 'gw1'],
        ['k8s-snat-port-range', '9-1'],
      ]),
    }),
    'fail',
    /"9-1" is not a port range/,
  ],
  [
    'ephemeral ports in it',
    { ports: changed(ports, { ephemeral: { lo: 32_768, hi: 61_000 } }) },
    'fail',
    /overlaps .*ip_local_port_range/,
  ],
  [
    'a listener in it',
    { ports: changed(ports, { sockets: [socket(true)] }) },
    'fail',
    /of nc \(pid 9\) listens there/,
  ],
  [
    'a connection in it',
    { ports: changed(ports, { sockets: [socket(false)] }) },
    'fail',
    /is connected there/,
  ],
  [
    'ports not reserved',
    { ports: changed(ports, { reserved: [{ lo: 61_000, hi: 64_999 }] }) },
    'fail',
    /is not in net\.ipv4\.ip_local_reserved/,
  ],
]);
