import test from 'ava';
import fc from 'fast-check';
import { type Endpoint, EndpointIndex } from '../../src/kube/endpoint_index.js';
import { parseIp } from '../../src/net/ip.js';
import { Choices, type Destination, destinationsOf } from '../../src/watcher/desired_endpoints.js';

const NO_HOSTS = new Map();

function endpoint(ip: string, more: Partial<Endpoint> = {}): Endpoint {
  return { ip, port: 8080, portName: '', protocol: 'TCP', node: undefined, state: 'ready', ...more };
}

function choices(...endpoints: readonly Endpoint[]): Choices {
  return new Choices(destinationsOf(endpoints, false, NO_HOSTS));
}

function targets(found: readonly Destination[]): string[] {
  return found.map(({ target }) => target.replaceAll(/^10\.244\.|:8080$/g, ''));
}

test('the endpoints that are ready are used; those that serve until they end only if none is ready', (t) => {
  const leaving = endpoint('10.244.1.2', { state: 'leaving' });
  const unready = endpoint('10.244.1.3', { state: 'unready' });
  t.deepEqual(targets(choices(endpoint('10.244.1.1'), leaving, unready).everywhere), ['1.1']);
  t.deepEqual(targets(choices(leaving, unready).everywhere), ['1.2']);
  t.deepEqual(targets(choices(unready).everywhere), []);
  t.deepEqual(targets(choices().everywhere), []);
});

test('publishNotReadyAddresses makes every endpoint ready', (t) => {
  const states = ['ready', 'leaving', 'unready'] as const;
  const all = states.map((state, i) => endpoint(`10.244.1.${i}`, { state }));
  const published = new Choices(destinationsOf(all, true, NO_HOSTS));
  t.deepEqual(targets(published.everywhere), ['1.0', '1.1', '1.2']);
});

test('an endpoint in two slices counts once, with its better state and its node, whichever slice comes first', (t) => {
  const one = endpoint('10.244.1.1', { state: 'unready', node: 'n1' });
  const other = endpoint('10.244.1.1');
  for (const both of [
    [one, other],
    [other, one],
  ]) {
    const found = choices(...both);
    t.deepEqual(targets(found.everywhere), ['1.1']);
    t.deepEqual(targets(found.local('n1')), ['1.1']);
  }
  t.deepEqual(targets(choices(endpoint('2001:db8::1'), endpoint('2001:DB8:0::1')).everywhere), [
    '[2001:db8::1]',
  ]);
});

test('1,200 endpoints in 13 slices, of which two overlap, are 1,200 destinations in the order of the slices', (t) => {
  const index = new EndpointIndex(() => undefined);
  const ips = Array.from({ length: 1_200 }, (_, i) => `10.244.${i >> 8}.${i & 255}`);
  for (let slice = 0; slice < 13; slice++) {
    const own = ips.slice(slice * 100, slice * 100 + (slice === 3 ? 150 : 100));
    index.put(
      `d/web-${String(slice).padStart(2, '0')}`,
      'd/web',
      own.map((ip) => endpoint(ip)),
    );
  }
  const found = choices(...index.of('d/web')).everywhere;
  t.deepEqual(
    found.map(({ target }) => target),
    ips.map((ip) => `${ip}:8080`),
  );
});

test('a policy Local has the endpoints of one node, also those that leave if none there is ready', (t) => {
  const found = choices(
    endpoint('10.244.1.1', { node: 'n1' }),
    endpoint('10.244.2.1', { node: 'n2', state: 'leaving' }),
    endpoint('10.244.3.1', { node: 'n3', state: 'unready' }),
    endpoint('10.244.4.1'),
  );
  t.deepEqual(targets(found.local('n1')), ['1.1']);
  t.deepEqual(targets(found.local('n2')), ['2.1']);
  t.deepEqual(targets(found.local('n3')), []);
  t.deepEqual(targets(found.local('n9')), []);
});

const A = { node: 'n1', zone: 'a' };

test('hints for zones give a place the endpoints for its zone', (t) => {
  const found = choices(
    endpoint('10.244.1.1', { forZones: ['a'] }),
    endpoint('10.244.1.2', { forZones: ['b', 'a'] }),
    endpoint('10.244.1.3', { forZones: ['b'] }),
    endpoint('10.244.1.4', { state: 'unready' }),
  );
  t.true(found.hasHints);
  t.deepEqual(targets(found.near(A)), ['1.1', '1.2']);
  t.deepEqual(targets(found.near({ node: 'n2', zone: 'b' })), ['1.2', '1.3']);
});

test('a place whose zone has no endpoint, or is not known, has those everywhere', (t) => {
  const found = choices(
    endpoint('10.244.1.1', { forZones: ['a'] }),
    endpoint('10.244.1.2', { forZones: ['b'] }),
  );
  t.deepEqual(targets(found.near({ node: 'n1', zone: 'c' })), ['1.1', '1.2']);
  t.deepEqual(targets(found.near({ node: 'n1', zone: undefined })), ['1.1', '1.2']);
});

test('hints count only if every endpoint that is ready has one', (t) => {
  const found = choices(endpoint('10.244.1.1', { forZones: ['a'] }), endpoint('10.244.1.2'));
  t.false(found.hasHints);
  t.deepEqual(targets(found.near(A)), ['1.1', '1.2']);
  t.false(choices().hasHints);
});

test('hints do not count for endpoints that leave', (t) => {
  const found = choices(
    endpoint('10.244.1.1', { forZones: ['a'], state: 'leaving' }),
    endpoint('10.244.1.2', { forZones: ['b'], state: 'leaving' }),
  );
  t.false(found.hasHints);
  t.deepEqual(targets(found.near(A)), ['1.1', '1.2']);
});

test('hints for nodes go before hints for zones; a node without one has its zone', (t) => {
  const found = choices(
    endpoint('10.244.1.1', { forNodes: ['n1'], forZones: ['a'] }),
    endpoint('10.244.1.2', { forNodes: ['n2'], forZones: ['a'] }),
    endpoint('10.244.1.3', { forNodes: ['n3'], forZones: ['b'] }),
  );
  t.deepEqual(targets(found.near(A)), ['1.1']);
  t.deepEqual(targets(found.near({ node: 'n9', zone: 'a' })), ['1.1', '1.2']);
  t.deepEqual(targets(found.near({ node: 'n9', zone: 'c' })), ['1.1', '1.2', '1.3']);
});

const HOSTS = new Map([
  ['203.0.113.11', { node: 'gw', management: parseIp('10.244.2.2') }],
  ['2001:db8::11', { node: 'gw', management: parseIp('fd00:10:244:2::2') }],
]);

test("a host's own address becomes its management address, with the host's node, in both families", (t) => {
  const found = destinationsOf(
    [
      endpoint('203.0.113.11', { port: 9090 }),
      endpoint('2001:DB8::11', { port: 9090, node: 'wrong' }),
      endpoint('203.0.113.12', { port: 9090 }),
    ],
    false,
    HOSTS,
  );
  t.deepEqual(
    found.map(({ target, node }) => [target, node]),
    [
      ['10.244.2.2:9090', 'gw'],
      ['[fd00:10:244:2::2]:9090', 'gw'],
      ['203.0.113.12:9090', undefined],
    ],
  );
});

test('an invalid address or port is refused', (t) => {
  t.throws(() => destinationsOf([endpoint('web')], false, NO_HOSTS), { message: /"web"/ });
  t.throws(() => destinationsOf([endpoint('10.244.1.1', { port: 70_000 })], false, NO_HOSTS), {
    message: /port 70000/,
  });
});

test('every place has an endpoint if the cluster has one, and no endpoint that is worse than those everywhere', (t) => {
  const names = fc.option(fc.subarray(['a', 'b']), { nil: undefined });
  const one = fc.record({
    ip: fc.integer({ min: 1, max: 9 }).map((n) => `10.244.1.${n}`),
    state: fc.constantFrom('ready' as const, 'leaving' as const, 'unready' as const),
    node: fc.constantFrom('n1', 'n2', undefined),
    zones: names,
    nodes: names,
  });
  fc.assert(
    fc.property(fc.array(one), fc.constantFrom('a', 'b', 'c', undefined), (all, zone) => {
      const found = choices(
        ...all.map(({ zones, nodes, ...more }) =>
          endpoint(more.ip, {
            ...more,
            ...(zones && { forZones: zones }),
            ...(nodes && { forNodes: nodes }),
          }),
        ),
      );
      const everywhere = new Set(targets(found.everywhere));
      for (const node of ['n1', 'a']) {
        const near = targets(found.near({ node, zone }));
        t.is(near.length > 0, everywhere.size > 0);
        t.true(near.every((target) => everywhere.has(target)));
        for (const { state } of found.local(node)) t.not(state, 'unready');
      }
    }),
  );
});
