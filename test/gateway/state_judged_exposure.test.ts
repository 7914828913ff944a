import test from 'ava';
import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { type Exposure, exposureOf, NOTHING_EXPOSED } from '../../src/gateway/state_exposure.js';
import { JudgedExposure, type JudgedFacts } from '../../src/gateway/state_judged_exposure.js';
import type { OwnPort } from '../../src/gateway/state_own_ports.js';
import { ServiceBook } from '../../src/gateway/state_services.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import { claimOf } from '../../src/net/claims.js';
import { parseIp } from '../../src/net/ip.js';

const OWN = parseIp('203.0.113.11');
const TAKEN = parseIp('203.0.113.12');
const GUARD = new AddressGuard({ claims: [claimOf(TAKEN, 'an address of node n1')], allowed: undefined });

/** A book with a service that wants these addresses at port 8081, and its judgement. */
function begin(...externalIPs: readonly string[]) {
  const book = new ServiceBook();
  const ports = [{ port: 8081 }];
  book.put('ns/web', {
    metadata: { name: 'web', namespace: 'ns' },
    spec: { externalIPs: [...externalIPs], ports },
  });
  const problems = new Problems(SILENT);
  const judged = new JudgedExposure(problems);
  const facts: JudgedFacts = {
    book,
    wanted: book.take(),
    ownPorts: book.portsAt([OWN]),
    arePodsKnown: true,
    guard: GUARD,
    host: { sockets: [], ephemeral: { lo: 32_768, hi: 60_999 } },
    podRange: undefined,
    addresses: [OWN],
    isServing: true,
    answersServed: true,
    gateways: [],
    inPlace: NOTHING_EXPOSED,
  };
  const judge = (change: Partial<JudgedFacts> = {}) => judged.judge({ ...facts, ...change });
  return { book, judge, judged, problems };
}

const ports = (exposure: { readonly nodePorts: Exposure['nodePorts'] | undefined }) =>
  [...(exposure.nodePorts ?? [])].map(({ protocol, port }) => `${protocol} ${port}`);

test("a port of the gateway's own address is exposed as a node port is, on any gateway", (t) => {
  const { judge, problems } = begin(OWN);
  for (const isServing of [true, false, undefined])
    t.deepEqual(ports({ nodePorts: judge({ isServing }).nodePorts }), ['tcp 8081']);
  t.deepEqual(problems.current, []);
});

test('what is exposed stays the same object while nothing changes', (t) => {
  const { judge } = begin(OWN, TAKEN);
  const first = judge();
  const second = judge();
  t.is(second.nodePorts, first.nodePorts);
  t.is(second.served, first.served);
});

test('a port at which the host begins to listen is taken back, and its service is named', (t) => {
  const { judge, problems } = begin(OWN);
  judge();
  const socket = {
    ...{ protocol: 'tcp', port: 8081, address: '0.0.0.0', text: '0.0.0.0:8081 of nc (pid 9)' },
    isListening: true,
  };
  const after = judge({ host: { sockets: [socket], ephemeral: { lo: 32_768, hi: 60_999 } } });
  t.deepEqual(ports({ nodePorts: after.nodePorts }), []);
  t.deepEqual(problems.current, [
    'Service ns/web: external address 203.0.113.11 port tcp 8081 is refused: the host uses it: tcp 0.0.0.0:8081 of nc (pid 9)',
  ]);
});

test('only the first gateway names the other addresses that are refused', (t) => {
  const { judge, problems } = begin(TAKEN);
  judge();
  const line = 'Service ns/web: external address 203.0.113.12 is refused: it is an address of node n1';
  t.deepEqual(problems.current, [line]);
  judge({ isServing: false });
  t.deepEqual(problems.current, []);
});

test('before the flows were read, and before nodes are known, external addresses stay as they are', (t) => {
  const { judge } = begin(OWN, '203.0.113.80');
  t.like(judge({ inPlace: undefined }), { nodePorts: undefined, served: undefined });
  t.is(judge({ guard: undefined }).served, undefined);
  const inPlace = exposureOf([{ protocol: 'tcp', port: 8081 }], [parseIp('203.0.113.80')]);
  t.deepEqual(ports({ nodePorts: judge({ guard: undefined, inPlace }).nodePorts }), ['tcp 8081']);
  t.deepEqual([...(judge({ inPlace }).served ?? [])].map(String), ['203.0.113.80']);
});

test('a service with thousands of refused addresses has a bounded number of lines', (t) => {
  const many = Array.from({ length: 5_000 }, (_, i) => `127.0.${i >> 8}.${i & 255}`);
  const { judge, problems } = begin(...many);
  judge();
  t.true(problems.current.length <= 21);
  t.regex(problems.current.at(-1) ?? '', /^Service ns\/web: \d+ more addresses or ports are refused$/);
});

test('an address of a deleted service is given up, also before nodes are known', (t) => {
  const { book, judge } = begin('203.0.113.80', '203.0.113.81');
  const inPlace = exposureOf([], ['203.0.113.80', '203.0.113.81'].map(parseIp));
  t.is(judge({ guard: undefined, inPlace }).served, undefined, 'both are wanted');
  book.put('ns/web', {
    metadata: { name: 'web', namespace: 'ns' },
    spec: { externalIPs: ['203.0.113.81'], ports: [{ port: 8081 }] },
  });
  const { served } = judge({ guard: undefined, inPlace, wanted: book.take() });
  t.deepEqual([...(served ?? [])].map(String), ['203.0.113.81']);
});

test('about 200 refused addresses are named, whatever the reasons', (t) => {
  const inCluster = Array.from({ length: 300 }, (_, i) => `10.96.${i >> 8}.${i & 255}`);
  const special = Array.from({ length: 300 }, (_, i) => `127.0.${i >> 8}.${i & 255}`);
  const { book, judge, problems } = begin(...inCluster, ...special);
  const spec = { clusterIPs: inCluster, ports: [{ port: 1 }] };
  book.put('ns/other', { metadata: { name: 'other', namespace: 'ns' }, spec });
  judge({ wanted: book.take() });
  t.regex(problems.current.at(-1) ?? '', / 180 more addresses or ports are refused$/);
});

test("another gateway's address is not served here, and not named: that gateway judges its ports", (t) => {
  const { judge, problems } = begin(TAKEN);
  t.is(judge({ gateways: [OWN, TAKEN] }).served?.size, 0);
  t.deepEqual(problems.current, []);
  judge({ gateways: [OWN] });
  t.is(problems.current.length, 1);
});

test("thousands of ports at the gateway's own address cost a step nothing while nothing changes", (t) => {
  const { book, judge } = begin();
  const ports = Array.from({ length: 9_000 }, (_, i) => ({ name: `p${i}`, port: 20_000 + i }));
  book.put('ns/many', {
    metadata: { name: 'many', namespace: 'ns' },
    spec: { externalIPs: [OWN], ports },
  });
  let looks = 0;
  const host = {
    get sockets() {
      looks++;
      return [];
    },
    ephemeral: { lo: 32_768, hi: 60_999 },
  };
  const facts = { wanted: book.take(), ownPorts: book.portsAt([OWN]), host };
  t.is(judge(facts).nodePorts?.size, 9_000);
  const before = looks;
  for (let i = 0; i < 10; i++) judge(facts);
  t.is(looks, before);
});

/** A port of the gateway's own address that a pod wants. */
function hostPort(port: number, owner = 'ns/pod'): OwnPort {
  return { kind: 'Pod', owner, address: OWN, port: { protocol: 'tcp', port, at: [OWN] } };
}

test("a pod's host port is exposed at any gateway, and one that the host listens at is named", (t) => {
  const { judge, problems } = begin();
  const ownPorts = [hostPort(8088), hostPort(22)];
  const { nodePorts } = judge({ ownPorts, isServing: false });
  t.deepEqual([...(nodePorts ?? [])], [{ protocol: 'tcp', port: 8088, at: [OWN] }]);
  t.deepEqual(problems.current, [
    "Pod ns/pod: host port tcp 22 at 203.0.113.11 is refused: port 22 is always the host's, for ssh",
  ]);
});

test('a port that a service has as node port is not exposed twice, and a pod that wants it is named', (t) => {
  const { judge, problems } = begin();
  const nodePort = { protocol: 'tcp', port: 30_080, sources: [] } as const;
  const { nodePorts } = judge({ wanted: exposureOf([nodePort], []), ownPorts: [hostPort(30_080)] });
  t.deepEqual([...(nodePorts ?? [])], [nodePort]);
  t.deepEqual(problems.current, [
    'Pod ns/pod: host port tcp 30080 at 203.0.113.11 is refused: it is a node port of a service',
  ]);
});

test('until pods are known the ports in place stay, but those that services have now', (t) => {
  const { judge } = begin();
  const inPlace = exposureOf(
    [
      { protocol: 'tcp', port: 8088 },
      { protocol: 'tcp', port: 30_080 },
      { protocol: 'tcp', port: 8081 },
    ],
    [],
  );
  const wanted = exposureOf([{ protocol: 'tcp', port: 30_080 }], []);
  const before = judge({ wanted, inPlace, ownPorts: [], arePodsKnown: false });
  t.deepEqual(ports(before).toSorted(), ['tcp 30080', 'tcp 8081', 'tcp 8088']);
  const after = judge({ wanted, inPlace, ownPorts: [hostPort(8088)] });
  t.deepEqual(ports(after).toSorted(), ['tcp 30080', 'tcp 8088']);
  t.is(judge({ wanted, inPlace: undefined, arePodsKnown: false }).nodePorts, undefined);
});

test('a node port of a deleted service is given up, also before pods are known', (t) => {
  const { judge } = begin();
  const wanted = exposureOf([{ protocol: 'tcp', port: 30_080 }], []);
  const first = exposureOf([{ protocol: 'tcp', port: 8088 }], []);
  const { nodePorts } = judge({ wanted, inPlace: first, ownPorts: [], arePodsKnown: false });
  t.is(nodePorts?.size, 2);
  const inPlace = { ...NOTHING_EXPOSED, nodePorts: nodePorts ?? NOTHING_EXPOSED.nodePorts };
  const after = judge({ wanted: NOTHING_EXPOSED, inPlace, ownPorts: [], arePodsKnown: false });
  t.deepEqual(ports(after), ['tcp 8088']);
});

test('where another host answers, an address is served at once', (t) => {
  const { judge } = begin('203.0.113.80', TAKEN);
  t.deepEqual([...(judge().served ?? [])], []);
  const { served } = judge({
    answersServed: false,
    guard: new AddressGuard({ claims: [], allowed: undefined }),
  });
  t.deepEqual([...(served ?? [])].map(String).toSorted(), [TAKEN, '203.0.113.80'].toSorted());
});

test("a changed service leaves the other services' ports of the gateway's own address the same objects", (t) => {
  const book = new ServiceBook();
  const put = (name: string, port: number) =>
    book.put(`ns/${name}`, {
      metadata: { name, namespace: 'ns' },
      spec: { externalIPs: [OWN], ports: [{ port }] },
    });
  for (let i = 0; i < 100; i++) put(`s${i}`, 8_000 + i);
  const { judge } = begin();
  const now = () => judge({ wanted: book.take(), ownPorts: book.portsAt([OWN]) }).nodePorts;
  const before = now();
  put('s7', 9_000);
  const after = now();
  const changed = after && before?.differences(after).map(({ key }) => key);
  t.deepEqual(changed?.toSorted(), [`tcp 8007 ${OWN}`, `tcp 9000 ${OWN}`]);
});
