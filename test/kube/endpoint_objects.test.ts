import test from 'ava';
import { readEndpoints, readSlice } from '../../src/kube/endpoint_objects.js';

test('an Endpoints object has each address once per port, ready or not', (t) => {
  const found = readEndpoints({
    subsets: [
      {
        addresses: [{ ip: '10.244.1.5', nodeName: 'gw1' }],
        notReadyAddresses: [{ ip: '10.244.2.5' }],
        ports: [
          { name: 'http', port: 8080 },
          { name: 'dns', port: 53, protocol: 'UDP' },
        ],
      },
    ],
  });
  t.deepEqual(
    found.map(({ ip, port, protocol, state, node }) => [ip, port, protocol, state, node]),
    [
      ['10.244.1.5', 8080, 'TCP', 'ready', 'gw1'],
      ['10.244.1.5', 53, 'UDP', 'ready', 'gw1'],
      ['10.244.2.5', 8080, 'TCP', 'unready', undefined],
      ['10.244.2.5', 53, 'UDP', 'unready', undefined],
    ],
  );
  t.deepEqual(readEndpoints({}), []);
});

const PORTS = [{ name: '', port: 8080, protocol: 'TCP' }];

test('an endpoint of a slice is ready unless a condition says otherwise, and leaves if it serves until it ends', (t) => {
  const stateOf = (conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean }) =>
    readSlice({
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.244.1.5'], ...(conditions && { conditions }) }],
      ports: PORTS,
    })[0]?.state;
  t.is(stateOf(), 'ready');
  t.is(stateOf({}), 'ready');
  t.is(stateOf({ ready: true, serving: false }), 'ready');
  t.is(stateOf({ ready: false }), 'unready');
  t.is(stateOf({ ready: false, serving: true }), 'unready');
  t.is(stateOf({ ready: false, serving: false, terminating: true }), 'unready');
  t.is(stateOf({ ready: false, serving: true, terminating: true }), 'leaving');
  t.is(stateOf({ ready: false, terminating: true }), 'leaving');
});

test('the hints of an endpoint are the names of zones and nodes', (t) => {
  const [found] = readSlice({
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['10.244.1.5'],
        hints: { forZones: [{ name: 'a' }, { name: 'b' }, {}], forNodes: [{ name: 'n1' }] },
      },
    ],
    ports: PORTS,
  });
  t.deepEqual([found?.forZones, found?.forNodes], [['a', 'b'], ['n1']]);
});

test('a slice of names is refused, as a load balancer takes addresses only', (t) => {
  const endpoints = [{ addresses: ['example.com'] }];
  t.throws(() => readSlice({ addressType: 'FQDN', endpoints, ports: PORTS }), {
    code: 'ERR_SERVICE',
    message: 'its endpoints of type FQDN are names, not addresses',
  });
});

test('an object with thousands of ports at thousands of addresses is refused before they are multiplied', (t) => {
  const ips = Array.from({ length: 1_001 }, (_, i) => `10.244.${i >> 8}.${i & 255}`);
  const ports = Array.from({ length: 100 }, (_, i) => ({ name: `p${i}`, port: i + 1 }));
  const refusal = {
    code: 'ERR_SERVICE',
    message: /^100100 endpoints in one object are more than 100000/,
  } as const;
  const addresses = ips.map((ip) => ({ ip }));
  t.throws(() => readEndpoints({ subsets: [{ addresses, ports }] }), refusal);
  const endpoints = ips.map((ip) => ({ addresses: [ip] }));
  t.throws(() => readSlice({ addressType: 'IPv4', endpoints, ports }), refusal);
});
