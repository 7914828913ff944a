import test from 'ava';
import { formatResult } from '../../src/cni/result.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

const MAC = parseMac('0a:58:0a:f4:02:05');
const ENDS = { host: 'veth1', hostMac: '0e:00:00:00:00:01', container: 'eth0', netns: '/run/netns/x' };
const DUAL = {
  mac: MAC,
  addresses: [parseCidr('10.244.2.5/24'), parseCidr('fd00:10:244:2::5/64')],
  gateways: [parseIp('10.244.2.1'), parseIp('fd00:10:244:2::1')],
};

test('since 1.0 an address has no version; before, it has its family', (t) => {
  const ipsOf = (version: '0.3.1' | '1.0.0') => JSON.parse(formatResult(version, DUAL, ENDS)).ips;
  const [v4, v6] = [
    { interface: 1, address: '10.244.2.5/24', gateway: '10.244.2.1' },
    { interface: 1, address: 'fd00:10:244:2::5/64', gateway: 'fd00:10:244:2::1' },
  ];
  t.deepEqual(ipsOf('1.0.0'), [v4, v6]);
  t.deepEqual(ipsOf('0.3.1'), [
    { version: '4', ...v4 },
    { version: '6', ...v6 },
  ]);
});

test('the host end is the first interface, the pod end the second with its namespace', (t) => {
  t.deepEqual(JSON.parse(formatResult('0.4.0', DUAL, ENDS)).interfaces, [
    { name: 'veth1', mac: '0e:00:00:00:00:01' },
    { name: 'eth0', mac: MAC, sandbox: '/run/netns/x' },
  ]);
});

test('a gateway outside of the subnet is a route but not the gateway of an address', (t) => {
  const network = { ...DUAL, gateways: [parseIp('192.0.2.1')] };
  const { ips, routes } = JSON.parse(formatResult('1.0.0', network, ENDS));
  t.true(ips.every((one: object) => !('gateway' in one)));
  t.deepEqual(routes, [{ dst: '0.0.0.0/0', gw: '192.0.2.1' }]);
});
