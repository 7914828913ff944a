import test from 'ava';
import type { Service } from '../../src/kube/kinds.js';
import { ClaimBook } from '../../src/node/state_claims.js';
import { podClaims } from '../../src/node/state_pod_claims.js';
import { serviceClaims } from '../../src/node/state_service_claims.js';
import { guardOf, OPEN_GUARD, pod, service } from './objects.js';

const OPEN = { guard: OPEN_GUARD };

function external(book: ClaimBook<Service>): (string | undefined)[] {
  return ['203.0.113.80 tcp 80'].map((key) => book.sets.get('external4')?.get(key));
}

function born(time: string, cluster: string): Service {
  const made = service({ clusterIPs: [cluster], externalIPs: ['203.0.113.80'] });
  return { ...made, metadata: { creationTimestamp: time } };
}

test('what two services want belongs to the older one, and goes to the other with it', (t) => {
  const book = new ClaimBook(serviceClaims);
  book.put('default/young', born('2026-01-02T00:00:00Z', '10.96.0.2'));
  book.put('default/old', born('2026-01-01T00:00:00Z', '10.96.0.1'));
  book.decide(OPEN);
  t.deepEqual(external(book), ['10.96.0.1 80']);
  t.deepEqual(book.problems, [
    'Service default/young: 203.0.113.80 tcp 80 belongs to Service default/old, which is older',
  ]);
  book.put('default/old', undefined);
  t.deepEqual(
    book
      .decide(OPEN)
      .map(({ key }) => key)
      .filter(Boolean)
      .slice(0, 1),
    ['203.0.113.80 tcp 80'],
  );
  t.deepEqual(external(book), ['10.96.0.2 80']);
  t.deepEqual(book.problems, []);
});

test('an address that the guard refuses is not translated, until it is free', (t) => {
  const book = new ClaimBook(serviceClaims);
  book.put('default/a', born('2026-01-01T00:00:00Z', '10.96.0.1'));
  book.decide({ guard: guardOf('203.0.113.80') });
  t.deepEqual(external(book), [undefined]);
  t.regex(book.problems.join(), /203\.0\.113\.80 tcp 80 is refused: it is an address of node m/);
  t.true(book.decide(OPEN).length > 0, 'another guard judges all addresses again');
  t.deepEqual(external(book), ['10.96.0.1 80']);
  t.deepEqual(book.decide(OPEN), [], 'the same guard judges nothing again');
});

test('an external address is translated only where a gateway serves it', (t) => {
  const book = new ClaimBook(serviceClaims);
  book.put('default/a', born('2026-01-01T00:00:00Z', '10.96.0.1'));
  book.decide({ ...OPEN, served: new Set() });
  t.deepEqual(external(book), [undefined], 'another host may have it');
  const served = new Set(['203.0.113.80']);
  t.true(book.decide({ ...OPEN, served }).length > 0);
  t.deepEqual(external(book), ['10.96.0.1 80']);
  t.deepEqual(book.decide({ ...OPEN, served: new Set([...served, '203.0.113.81']) }), [], 'another address');
  book.decide(OPEN);
  t.deepEqual(external(book), ['10.96.0.1 80'], 'no gateway says which');
});

test('a service that makes no sense is named and left out, and mends with its next version', (t) => {
  const book = new ClaimBook(serviceClaims);
  book.put('default/a', service({ externalIPs: ['nonsense'] }));
  book.decide(OPEN);
  t.regex(book.problems.join(), /^Service default\/a: "nonsense" is not .*; it is left out$/);
  book.put('default/a', service({}));
  t.deepEqual(book.problems, []);
});

test('a change of one of 10,000 services names the elements of that service only', (t) => {
  const book = new ClaimBook(serviceClaims);
  const nodePort = (n: number, cluster: string) =>
    service({ type: 'NodePort', clusterIPs: [cluster], ports: [{ port: 80, nodePort: n }] });
  for (let n = 1; n <= 10_000; n++) book.put(`default/s${n}`, nodePort(20_000 + n, '10.96.0.1'));
  book.decide(OPEN);
  book.put('default/s7', nodePort(20_007, '10.96.0.2'));
  t.deepEqual([...new Set(book.decide(OPEN).map(({ key }) => key))], ['tcp 20007']);
});

test('a host port that a program of the host listens on is refused, until it is free', (t) => {
  const book = new ClaimBook(podClaims);
  book.put('pod:default/web', pod([{ hostPort: 6443, containerPort: 80 }]));
  t.deepEqual(book.hostPorts, ['tcp 6443']);
  const listeners = new Map([['tcp 6443', 'tcp *:6443 of kube-apiserver (pid 7)']]);
  book.decide({ guard: undefined, listeners });
  t.is(book.sets.get('host_port4')?.size ?? 0, 0);
  t.regex(
    book.problems.join(),
    /^Pod default\/web: host port tcp 6443 is refused: the host uses it: .*kube-apiserver/,
  );
  book.decide({ guard: undefined, listeners: new Map() });
  t.is(book.sets.get('host_port4')?.get('tcp 6443'), '10.244.3.16 80');
});
