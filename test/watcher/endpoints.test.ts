import test from 'ava';
import { EndpointIndex } from '../../src/watcher/endpoint_index.js';
import { ofEndpoints, ofSlice } from '../../src/watcher/endpoints.js';

test('Endpoints: ready and not, for each port', (t) => {
  const found = ofEndpoints({
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
  t.deepEqual(ofEndpoints({}), []);
});

test('a slice: what is not said of an endpoint is that it is ready; names are no addresses', (t) => {
  const ports = [{ name: '', port: 8080, protocol: 'TCP' }];
  const slice = (
    addressType: string,
    endpoints: { addresses: string[]; conditions?: { ready?: boolean } }[],
  ) => ofSlice({ addressType, endpoints, ports });
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

test("a service's endpoints are those of all its slices, whatever order they come in", (t) => {
  const changed: string[] = [];
  const index = new EndpointIndex((service) => changed.push(service));
  const one = (ip: string) => ({
    ip,
    port: 1,
    portName: '',
    protocol: 'TCP',
    node: undefined,
    isReady: true,
  });
  index.put('d/web-2', 'd/web', [one('2')]);
  index.put('d/web-1', 'd/web', [one('1')]);
  t.deepEqual(
    index.of('d/web').map(({ ip }) => ip),
    ['1', '2'],
  );
  index.put('d/web-1', 'd/other', [one('1')]);
  t.deepEqual(
    index.of('d/web').map(({ ip }) => ip),
    ['2'],
  );
  t.deepEqual(
    index.of('d/other').map(({ ip }) => ip),
    ['1'],
  );
  index.put('d/web-2', undefined, []);
  t.deepEqual(index.of('d/web'), []);
  t.deepEqual(changed, ['d/web', 'd/web', 'd/web', 'd/other', 'd/web']);
});
