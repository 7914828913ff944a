import test from 'ava';
import fc from 'fast-check';
import type { RestrictedPort } from '../../src/demux/state.js';
import {
  exposureOf,
  fillIn,
  knownExposure,
  NOTHING_EXPOSED,
  restrictedOfServed,
  ServedRestrictions,
} from '../../src/gateway/state_exposure.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';

const EXPOSED = exposureOf([{ protocol: 'tcp', port: 30_080 }], [parseIp('203.0.113.80')]);

test('a part that its source does not know yet keeps its last value', (t) => {
  const last = exposureOf([{ protocol: 'udp', port: 53 }], []);
  t.deepEqual(fillIn({ nodePorts: undefined, served: undefined, restricted: undefined }, last), last);
  t.deepEqual(fillIn({ ...EXPOSED, served: undefined }, last), {
    nodePorts: EXPOSED.nodePorts,
    served: last.served,
    restricted: last.restricted,
  });
  t.deepEqual(fillIn(EXPOSED, last), EXPOSED);
});

test('a restricted port counts only while its address is served', (t) => {
  const ports = ['203.0.113.80', '203.0.113.81'].map((text) => ({
    ...{ address: parseIp(text), protocol: 'tcp' as const, port: 80 },
    sources: [parseCidr('192.0.2.0/24')],
  }));
  const { restricted } = exposureOf([], [], ports);
  t.deepEqual([...fillIn({ ...EXPOSED, restricted }, NOTHING_EXPOSED).restricted], ports.slice(0, 1));
});

test('without an API server a gateway exposes nothing', (t) => {
  t.is(knownExposure({ isConfigured: false, exposed: undefined, isServing: true }), NOTHING_EXPOSED);
});

test('the first gateway exposes node ports and external addresses', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: EXPOSED, isServing: true }), EXPOSED);
});

test('another gateway exposes node ports only', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: EXPOSED, isServing: false }), {
    nodePorts: EXPOSED.nodePorts,
    served: NOTHING_EXPOSED.served,
    restricted: EXPOSED.restricted,
  });
});

test('external addresses are unknown until the northbound says which gateway is the first', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: EXPOSED, isServing: undefined }), {
    nodePorts: EXPOSED.nodePorts,
    served: undefined,
    restricted: EXPOSED.restricted,
  });
});

test('everything is unknown until the API server has listed its services', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: undefined, isServing: true }), {
    nodePorts: undefined,
    served: undefined,
    restricted: undefined,
  });
});

test('after any changes the restrictions of served addresses are those of the last ports and addresses', (t) => {
  const addresses = ['203.0.113.80', '203.0.113.81', '203.0.113.82'].map(parseIp);
  const ports = addresses.flatMap((address) =>
    [80, 81].map((port): RestrictedPort => ({ address, protocol: 'tcp', port, sources: [] })),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.subarray(addresses), fc.subarray(ports), fc.boolean())), (steps) => {
      const restrictions = new ServedRestrictions();
      let last = NOTHING_EXPOSED;
      for (const [served, restricted, keepsServed] of steps) {
        const next = exposureOf([], served, restricted);
        last = keepsServed ? { ...next, served: last.served } : next;
        const found = restrictions.of(last.restricted, last.served);
        t.deepEqual([...found], [...restrictedOfServed(last.restricted, last.served)]);
      }
    }),
  );
});
