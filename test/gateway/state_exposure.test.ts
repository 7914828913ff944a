import test from 'ava';
import fc from 'fast-check';
import { demuxFlows } from '../../src/demux/table.js';
import {
  exposureOf,
  fillIn,
  knownExposure,
  NOTHING_EXPOSED,
  recoverExposure,
} from '../../src/gateway/state_exposure.js';
import { parseIp } from '../../src/net/ip.js';
import { TRANSPORTS } from '../../src/net/ports.js';
import { CONNTRACK, GATEWAY } from '../demux/sample.js';

const EXPOSED = exposureOf([{ protocol: 'tcp', port: 30_080 }], [parseIp('203.0.113.80')]);

const nodePorts = fc.uniqueArray(
  fc.record({ protocol: fc.constantFrom(...TRANSPORTS), port: fc.integer({ min: 1, max: 65_535 }) }),
  { selector: ({ protocol, port }) => `${protocol} ${port}` },
);
const served = fc.subarray(
  ['203.0.113.80', '198.51.100.255', '2001:db8::80', '2001:db8:1:2:3:4:5:6'].map(parseIp),
);
const demux = fc.constantFrom(GATEWAY.demux, CONNTRACK);

test('an exposure is recovered from the flows that were made for it', (t) => {
  fc.assert(
    fc.property(nodePorts, served, demux, (ports, addresses, mode) => {
      const flows = demuxFlows({ ...GATEWAY, demux: mode, nodePorts: ports, served: addresses });
      t.deepEqual(recoverExposure(flows), exposureOf(ports, addresses));
    }),
    { numRuns: 50 },
  );
});

test('an altered flow that cannot be parsed recovers nothing', (t) => {
  const altered = demuxFlows({ ...GATEWAY, ...EXPOSED }).map((flow) => ({
    ...flow,
    key: 'table=0,priority=1,?',
  }));
  t.deepEqual(recoverExposure(altered), NOTHING_EXPOSED);
});

test('a part that its source does not know yet keeps its last value', (t) => {
  const last = exposureOf([{ protocol: 'udp', port: 53 }], []);
  t.deepEqual(fillIn({ nodePorts: undefined, served: undefined }, last), last);
  t.deepEqual(fillIn({ ...EXPOSED, served: undefined }, last), {
    nodePorts: EXPOSED.nodePorts,
    served: last.served,
  });
  t.deepEqual(fillIn(EXPOSED, last), EXPOSED);
});

test('without an API server a gateway exposes nothing', (t) => {
  t.is(knownExposure({ isConfigured: false, exposed: undefined, isFirstGateway: true }), NOTHING_EXPOSED);
});

test('the first gateway exposes node ports and external addresses', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: EXPOSED, isFirstGateway: true }), EXPOSED);
});

test('another gateway exposes node ports only', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: EXPOSED, isFirstGateway: false }), {
    nodePorts: EXPOSED.nodePorts,
    served: NOTHING_EXPOSED.served,
  });
});

test('external addresses are unknown until the northbound says which gateway is the first', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: EXPOSED, isFirstGateway: undefined }), {
    nodePorts: EXPOSED.nodePorts,
    served: undefined,
  });
});

test('everything is unknown until the API server has listed its services', (t) => {
  t.deepEqual(knownExposure({ isConfigured: true, exposed: undefined, isFirstGateway: true }), {
    nodePorts: undefined,
    served: undefined,
  });
});
