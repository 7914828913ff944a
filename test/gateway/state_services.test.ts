import test from 'ava';
import fc from 'fast-check';
import type { NodePort, RestrictedPort } from '../../src/demux/state.js';
import { readService } from '../../src/gateway/state_exposed_ports.js';
import { nodePortKey } from '../../src/gateway/state_exposure.js';
import { ServiceBook } from '../../src/gateway/state_services.js';
import type { Service } from '../../src/kube/kinds.js';
import { keyOf } from '../../src/kube/objects.js';
import { formatCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';

type Spec = NonNullable<Service['spec']>;

function service(
  name: string,
  spec: Spec,
  more: { born?: string; ingress?: readonly string[] } = {},
): Service {
  const { born = '2026-01-01T00:00:00Z', ingress = [] } = more;
  return {
    metadata: { name, namespace: 'default', creationTimestamp: new Date(born).toISOString() },
    spec,
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  };
}

/** Returns a book in which these services were put, in this order. */
function bookOf(services: readonly Service[]): ServiceBook {
  const book = new ServiceBook();
  for (const one of services) book.put(keyOf(one), one);
  return book;
}

function readServices(services: readonly Service[]) {
  return contentOf(bookOf(services));
}

function describe({ address, protocol, port, sources }: RestrictedPort): string {
  return `${protocol} ${address} ${port} from ${sources.map(formatCidr)}`;
}

/** Returns what a book exposes, and its problems, sorted. */
function contentOf(book: ServiceBook) {
  const { nodePorts, served, restricted } = book.take();
  return {
    nodePorts: [...nodePorts].toSorted((a, b) => a.port - b.port),
    served: [...served].toSorted(),
    restricted: [...restricted].map(describe).toSorted(),
    problems: [...book.problems].toSorted(),
  };
}

const HTTP = { port: 80, nodePort: 30_080, protocol: 'TCP' };

test('NodePort and LoadBalancer services expose node ports, of each protocol', (t) => {
  const ports = [
    HTTP,
    { port: 53, nodePort: 30_053, protocol: 'UDP' },
    { port: 99, nodePort: 30_099, protocol: 'SCTP' },
  ];
  const { nodePorts, served, problems } = readServices([
    service('a', { type: 'NodePort', ports }),
    service('b', { type: 'LoadBalancer', ports: [{ port: 81, nodePort: 30_081 }] }),
    service('c', { type: 'ClusterIP', ports: [{ port: 82 }] }),
    service('d', { type: 'LoadBalancer', ports: [{ port: 83 }] }),
  ]);
  t.deepEqual(nodePorts, [
    { protocol: 'udp', port: 30_053 },
    { protocol: 'tcp', port: 30_080 },
    { protocol: 'tcp', port: 30_081 },
    { protocol: 'sctp', port: 30_099 },
  ]);
  t.deepEqual([served, problems], [[], []]);
});

test('external and ingress addresses of both families are served, but none of an ExternalName', (t) => {
  const { served } = readServices([
    service('a', { type: 'ClusterIP', ports: [HTTP], externalIPs: ['203.0.113.80', '2001:db8::80'] }),
    service('b', { type: 'LoadBalancer', ports: [HTTP] }, { ingress: ['203.0.113.81'] }),
    service('c', { type: 'ClusterIP', ports: [HTTP] }, { ingress: ['203.0.113.82'] }),
    service('d', { type: 'ExternalName', externalIPs: ['203.0.113.83'] }),
  ]);
  t.deepEqual(served.map(String), ['2001:db8::80', '203.0.113.80', '203.0.113.81']);
});

test('a port that two services want belongs to the older one, in whatever order they come, and the younger is named', (t) => {
  const old = service('old', { type: 'NodePort', ports: [HTTP], externalIPs: ['203.0.113.80'] });
  const young = service(
    'young',
    { type: 'NodePort', ports: [HTTP], externalIPs: ['203.0.113.80'] },
    { born: '2026-02-01T00:00:00Z' },
  );
  for (const order of [
    [old, young],
    [young, old],
  ]) {
    t.deepEqual(readServices(order).problems, [
      'Service default/young: node port tcp 30080 belongs to Service default/old, which is older',
      'Service default/young: tcp 203.0.113.80 port 80 belongs to Service default/old, which is older',
    ]);
  }
});

test('a service with an impossible port, protocol or address is named and left out, and the others stay', (t) => {
  const { nodePorts, problems } = readServices([
    service('a', { type: 'NodePort', ports: [{ port: 99_999, nodePort: 30_001 }] }),
    service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_002, protocol: 'QUIC' }] }),
    service('c', { type: 'ClusterIP', ports: [HTTP], externalIPs: ['010.0.0.1'] }),
    service('d', { type: 'NodePort', ports: [HTTP] }),
  ]);
  t.deepEqual(nodePorts, [{ protocol: 'tcp', port: 30_080 }]);
  t.deepEqual(problems, [
    'Service default/a: port 99999 is not from 1 to 65535; it is left out',
    'Service default/b: protocol QUIC is not TCP, UDP or SCTP; it is left out',
    'Service default/c: "010.0.0.1" is not an IPv4 or IPv6 address; it is left out',
  ]);
});

/** Services that want the same few ports and addresses; some ports are impossible. */
const anyService = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    born: fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
    type: fc.constantFrom('ClusterIP', 'NodePort', 'ExternalName', 'LoadBalancer'),
    ports: fc.array(
      fc.record({ port: fc.constantFrom(80, 81, 99_999), nodePort: fc.constantFrom(30_001, 30_002) }),
      { maxLength: 3 },
    ),
    externalIPs: fc.subarray(['203.0.113.80', '2001:db8::80']),
    loadBalancerSourceRanges: fc.subarray(['198.51.100.0/24', ' 2001:db8:9::/48', '0.0.0.0/0', 'all']),
  })
  .map(({ name, born, ...spec }) => service(name, spec, { born }));
const steps = fc.array(fc.record({ service: anyService, isGone: fc.boolean() }), { maxLength: 20 });

/** Computes the same from all services at once: the oldest comes first, and the first gets what it wants. */
function fromScratch(services: Iterable<Service>) {
  const born = ({ metadata }: Service) => new Date(metadata?.creationTimestamp ?? 0).getTime();
  const byAge = [...services].sort((a, b) => born(a) - born(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
  const owners = new Map<string, string>();
  const nodePorts = new Map<number, NodePort>();
  const served = new Set<string>();
  const restricted = new Set<string>();
  const problems = new Set<string>();
  for (const one of byAge) {
    const key = keyOf(one);
    const { exposed, problem } = readService(one);
    if (problem !== undefined) problems.add(`Service ${key}: ${problem}`);
    for (const port of exposed) {
      const owner = owners.get(port.name) ?? key;
      owners.set(port.name, owner);
      if (owner !== key)
        problems.add(`Service ${key}: ${port.name} belongs to Service ${owner}, which is older`);
      const { address, port: wanted } = port;
      if (address !== undefined) served.add(address);
      if (owner !== key) continue;
      if (address === undefined) nodePorts.set(wanted.port, wanted);
      else if (wanted.sources !== undefined)
        restricted.add(describe({ ...wanted, address, sources: wanted.sources }));
    }
  }
  return {
    nodePorts: [...nodePorts.values()].toSorted((a, b) => a.port - b.port),
    served: [...served].toSorted(),
    restricted: [...restricted].toSorted(),
    problems: [...problems].toSorted(),
  };
}

test('after services were added, changed and deleted, the book holds what the remaining ones expose', (t) => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const book = new ServiceBook();
      const there = new Map<string, Service>();
      for (const { service: one, isGone } of sequence) {
        const key = keyOf(one);
        if (isGone) there.delete(key);
        else there.set(key, one);
        book.put(key, there.get(key));
        t.deepEqual<unknown, unknown>(contentOf(book), fromScratch(there.values()));
      }
    }),
  );
});

test('a change shares the rest with what was taken before', (t) => {
  const book = bookOf([service('a', { type: 'NodePort', ports: [HTTP], externalIPs: ['203.0.113.80'] })]);
  const before = book.take();
  t.is(book.take().nodePorts, before.nodePorts, 'nothing was put');
  book.put('default/b', service('b', { type: 'NodePort', ports: [{ port: 81, nodePort: 30_081 }] }));
  const after = book.take();
  t.is(after.served, before.served);
  t.deepEqual(
    before.nodePorts.differences(after.nodePorts).map(({ key }) => key),
    ['tcp 30081'],
  );
});

const LIMITED = { type: 'LoadBalancer', ports: [HTTP], externalIPs: ['203.0.113.80'] };

test('source ranges restrict the node ports and the external ports of a LoadBalancer service', (t) => {
  const loadBalancerSourceRanges = ['198.51.100.0/24', ' 2001:db8:9::/48 '];
  const { nodePorts, restricted } = readServices([service('a', { ...LIMITED, loadBalancerSourceRanges })]);
  t.deepEqual(
    nodePorts.map(({ sources = [] }) => sources.map(formatCidr)),
    [['198.51.100.0/24', '2001:db8:9::/48']],
  );
  t.deepEqual(restricted, ['tcp 203.0.113.80 80 from 198.51.100.0/24,2001:db8:9::/48']);
});

test('of two services at one port the older one says who its clients are', (t) => {
  const older = service('z', { ...LIMITED, loadBalancerSourceRanges: ['198.51.100.0/24'] });
  const younger = service('a', LIMITED, { born: '2026-02-01T00:00:00Z' });
  const book = bookOf([younger]);
  t.deepEqual(contentOf(book).restricted, []);
  book.put(keyOf(older), older);
  t.deepEqual(contentOf(book).restricted, ['tcp 203.0.113.80 80 from 198.51.100.0/24']);
  book.put(keyOf(older), undefined);
  t.deepEqual(contentOf(book).restricted, []);
});

test('a service with a source range that cannot be read is closed, and named', (t) => {
  const loadBalancerSourceRanges = ['198.51.100.0/24', '198.51.100.0/33'];
  const { nodePorts, served, problems } = readServices([
    service('a', { ...LIMITED, loadBalancerSourceRanges }),
  ]);
  t.deepEqual([nodePorts, served], [[], []]);
  t.regex(problems.join(), /^Service default\/a: .*198\.51\.100\.0\/33.*; it is left out$/);
});

test('a service with too many pairs of ports and source ranges has no clients, and is named', (t) => {
  const loadBalancerSourceRanges = Array.from({ length: 1_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const ports = Array.from({ length: 6 }, (_, i) => ({ port: 80 + i }));
  const { restricted, problems } = readServices([
    service('a', { ...LIMITED, ports, loadBalancerSourceRanges }),
    // Another service brings traffic for the address to OVN, where the first one has its load balancer.
    service('b', { ...LIMITED, ports: [{ port: 9_000 }] }),
  ]);
  t.deepEqual(
    restricted,
    ports.map(({ port }) => `tcp 203.0.113.80 ${port} from `),
  );
  t.regex(problems.join(), /^Service default\/a: 1000 source ranges take more than 5000 flows/);
});

test('an ingress address with ipMode Proxy is not served, and its node port is', (t) => {
  const one: Service = {
    ...service('a', { type: 'LoadBalancer', ports: [HTTP] }),
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.80', ipMode: 'Proxy' }, { ip: '203.0.113.81' }] } },
  };
  const { nodePorts, served } = readServices([one]);
  t.deepEqual(served.map(String), ['203.0.113.81']);
  t.is(nodePorts.length, 1);
});

test('node port 22 is not exposed, and its service is named', (t) => {
  const ports = [HTTP, { port: 22, nodePort: 22, protocol: 'TCP' }];
  const { nodePorts, problems } = readServices([service('a', { type: 'NodePort', ports })]);
  t.deepEqual(
    nodePorts.map(({ port }) => port),
    [30_080],
  );
  t.deepEqual(problems, [
    "Service default/a: node port tcp 22 is refused: port 22 is always the host's, for ssh",
  ]);
});

test('an address that another service has in the cluster is not exposed while that service has it', (t) => {
  const book = bookOf([service('web', { externalIPs: ['10.96.0.7'], ports: [HTTP] })]);
  t.deepEqual(contentOf(book).served.map(String), ['10.96.0.7']);
  const owner = service('owner', { clusterIP: '10.96.0.7', ports: [HTTP] });
  book.put(keyOf(owner), owner);
  t.deepEqual(contentOf(book).served, []);
  t.deepEqual(
    [...book.clusterRefusals()].map(([ip, why]) => `${ip} ${why} ${book.wanting(ip)}`),
    ['10.96.0.7 it is the cluster address of Service default/owner default/web'],
  );
  book.put(keyOf(owner), undefined);
  t.deepEqual(contentOf(book).served.map(String), ['10.96.0.7']);
  t.deepEqual([...book.clusterRefusals()], []);
});

test('the ports that services want at an address are found by the address', (t) => {
  const own = parseIp('203.0.113.11');
  const book = bookOf([
    service('a', {
      externalIPs: [own, '203.0.113.80'],
      ports: [{ port: 8081 }, { port: 53, protocol: 'UDP' }],
    }),
    service('b', { externalIPs: ['203.0.113.80'], ports: [{ port: 9 }] }),
  ]);
  t.deepEqual(
    book.portsAt([own, parseIp('2001:db8::11')]).map(({ owner, port }) => [owner, nodePortKey(port)]),
    [
      ['default/a', 'tcp 8081 203.0.113.11'],
      ['default/a', 'udp 53 203.0.113.11'],
    ],
  );
  book.put('default/a', undefined);
  t.deepEqual(book.portsAt([own]), []);
});

test('a service that loses thousands of ports to another has a bounded number of lines', (t) => {
  const externalIPs = Array.from({ length: 5_000 }, (_, i) => `10.9.${i >> 8}.${i & 255}`);
  const { problems } = bookOf(['a', 'b'].map((name) => service(name, { ports: [HTTP], externalIPs })));
  t.is(problems.length, 21);
  t.is(problems[0], 'Service default/b: tcp 10.9.0.0 port 80 belongs to Service default/a, which is older');
  t.is(problems[20], 'Service default/b: 4980 more addresses or ports are refused');
});
