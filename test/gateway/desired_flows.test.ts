import test from 'ava';
import fc from 'fast-check';
import type { BridgeState, NodePort } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { type Desired, desiredFlows } from '../../src/gateway/desired_flows.js';
import { type Exposure, exposureOf } from '../../src/gateway/state_exposure.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { byKey, diffFlows } from '../../src/openflow/reconcile.js';
import { CONNTRACK, GATEWAY, IP4, PORT_RANGE } from '../demux/sample.js';

const SOURCES = ['192.0.2.0/24', '2001:db8:2::/48'].map(parseCidr);
const FURTHER = parseIp('203.0.113.99');
const nodePort: fc.Arbitrary<NodePort> = fc
  .record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    port: fc.integer({ min: 1, max: 9 }),
    more: fc.constantFrom({}, {}, { sources: SOURCES }, { sources: [] }, { at: [IP4, FURTHER] }),
  })
  .map(({ more, ...port }) => ({ ...port, ...more }));
const SERVED = ['203.0.113.80', '2001:db8::80', 'fe80::80', IP4].map(parseIp);
/** Mostly the exposure changes, and now and then the state of the bridge, which all flows depend on. */
const bridgeState = fc.record({
  answersServed: fc.boolean(),
  addresses: fc.constantFrom(GATEWAY.addresses, GATEWAY.addresses, [IP4]),
  demux: fc.constantFrom(PORT_RANGE, PORT_RANGE, CONNTRACK),
});
const { nodePorts: _, served: __, restricted: ___, ...FRAME } = GATEWAY;
const state: fc.Arbitrary<readonly [BridgeState, Exposure]> = fc
  .record({
    bridgeState: fc.option(bridgeState, { nil: {}, freq: 2 }),
    nodePorts: fc.uniqueArray(nodePort, { selector: ({ protocol, port }) => `${protocol} ${port}` }),
    served: fc.subarray(SERVED),
    restricted: fc.uniqueArray(nodePort, { selector: ({ protocol, port }) => `${protocol} ${port}` }),
  })
  .map(({ bridgeState, nodePorts, served, restricted }) => {
    const ports = served
      .slice(0, 2)
      .flatMap((address) =>
        restricted.map(({ protocol, port, sources = [] }) => ({ address, protocol, port, sources })),
      );
    return [{ ...FRAME, ...bridgeState }, exposureOf(nodePorts, served, ports)];
  });

const allFlows = ([bridgeState, exposure]: readonly [BridgeState, Exposure]) =>
  demuxFlows({ ...bridgeState, ...exposure });
const texts = (flows: Iterable<{ text: string }>) => [...flows].map(({ text }) => text).toSorted();

test('the flows equal those of demuxFlows after any last result', (t) => {
  fc.assert(
    fc.property(fc.array(state, { maxLength: 6 }), (states) => {
      let last: Desired | undefined;
      for (const one of states) {
        last = desiredFlows(...one, last);
        t.deepEqual(texts(last.flows), texts(allFlows(one)));
      }
    }),
    { numRuns: 50 },
  );
});

test('a bundle for each state in turn leaves a switch with the flows of the last', (t) => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (states) => {
      let last: Desired | undefined;
      const table = new Map<string, string>();
      let installed = byKey(demuxFlows(GATEWAY).slice(0, 0));
      for (const one of states) {
        last = desiredFlows(...one, last);
        const { flows } = last;
        const { add, remove } = diffFlows(flows, installed);
        for (const { key } of remove) t.true(table.delete(key));
        for (const { key, text } of add) table.set(key, text);
        installed = flows;
        t.deepEqual([...table.values()].toSorted(), texts(allFlows(one)));
      }
    }),
    { numRuns: 50 },
  );
});

test('a new node port adds its flows, and all others are the same objects', (t) => {
  const nodePorts = Array.from({ length: 500 }, (_, i) => ({ protocol: 'tcp', port: 30_000 + i }) as const);
  const before = exposureOf(nodePorts, SERVED);
  const one = { protocol: 'udp', port: 53 } as const;
  const after = { ...before, nodePorts: before.nodePorts.with([['udp 53', one]]) };
  const last = desiredFlows(FRAME, before);
  const differences = last.flows.differences(desiredFlows({ ...FRAME }, after, last).flows);
  t.deepEqual(
    differences.map(({ before }) => before),
    [undefined, undefined],
  );
  t.true(differences.every(({ key }) => key.endsWith('tp_dst=53')));
});

test('the same state again wants the same collection', (t) => {
  const last = desiredFlows(FRAME, exposureOf([], SERVED));
  t.is(desiredFlows(FRAME, last.exposure, last).flows, last.flows);
});
