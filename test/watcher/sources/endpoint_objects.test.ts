import test from 'ava';
import { readEndpoints, readSlice } from '../../../src/watcher/sources/endpoint_objects.js';

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
    found.map(({ ip, port, protocol, isReady, node }) => [ip, port, protocol, isReady, node]),
    [
      ['10.244.1.5', 8080, 'TCP', true, 'gw1'],
      ['10.244.1.5', 53, 'UDP', true, 'gw1'],
      ['10.244.2.5', 8080, 'TCP', false, undefined],
      ['10.244.2.5', 53, 'UDP', false, undefined],
    ],
  );
  t.deepEqual(readEndpoints({}), []);
});

test('an endpoint of a slice is ready unless its condition says otherwise; host names are skipped', (t) => {
  const ports = [{ name: '', port: 8080, protocol: 'TCP' }];
  const slice = (
    addressType: string,
    endpoints: { addresses: string[]; conditions?: { ready?: boolean } }[],
  ) => readSlice({ addressType, endpoints, ports });
  t.deepEqual(
    slice('IPv4', [
      { addresses: ['10.244.1.5'] },
      { addresses: ['10.244.1.6'], conditions: { ready: false } },
      { addresses: ['10.244.1.7'], conditions: { ready: true } },
    ]).map(({ ip, isReady }) => [ip, isReady]),
    [
      ['10.244.1.5', true],
      ['10.244.1.6', false],
      ['10.244.1.7', true],
    ],
  );
  t.deepEqual(slice('FQDN', [{ addresses: ['example.com'] }]), []);
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
