import test from 'ava';
import fc from 'fast-check';
import type { GatewayFrame } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { desiredFlows } from '../../src/gateway/desired.js';
import { claimsOf, type ServiceClaims } from '../../src/gateway/services.js';
import { parseIp } from '../../src/net/ip.js';
import { byKey, diffFlows } from '../../src/openflow/reconcile.js';
import { CONNTRACK, GATEWAY, IP4, PORT_RANGE } from '../demux/sample.js';

const nodePort = fc.record({
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  port: fc.integer({ min: 1, max: 9 }),
});
const SERVED = ['203.0.113.80', '2001:db8::80', 'fe80::80', IP4].map(parseIp);
/** Mostly what services claim changes; now and then what all flows follow from. */
const frame = fc.record({
  addresses: fc.constantFrom(GATEWAY.addresses, GATEWAY.addresses, [IP4]),
  demux: fc.constantFrom(PORT_RANGE, PORT_RANGE, CONNTRACK),
});
const { nodePorts: _, served: __, ...FRAME } = GATEWAY;
const state: fc.Arbitrary<readonly [GatewayFrame, ServiceClaims]> = fc
  .record({
    frame: fc.option(frame, { nil: {}, freq: 2 }),
    nodePorts: fc.uniqueArray(nodePort, { selector: ({ protocol, port }) => `${protocol} ${port}` }),
    served: fc.subarray(SERVED),
  })
  .map(({ frame, nodePorts, served }) => [{ ...FRAME, ...frame }, claimsOf(nodePorts, served)]);

const allFlows = ([frame, claims]: readonly [GatewayFrame, ServiceClaims]) =>
  demuxFlows({ ...frame, ...claims });
const texts = (flows: Iterable<{ text: string }>) => [...flows].map(({ text }) => text).toSorted();

test('whatever it was asked before, it answers what demuxFlows does', (t) => {
  fc.assert(
    fc.property(fc.array(state, { maxLength: 6 }), (states) => {
      const desired = desiredFlows();
      for (const one of states) t.deepEqual(texts(desired(...one)), texts(allFlows(one)));
    }),
    { numRuns: 50 },
  );
});

test('a bundle for each state in turn leaves a switch with the flows of the last', (t) => {
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (states) => {
      const desired = desiredFlows();
      const table = new Map<string, string>();
      let installed = byKey(demuxFlows(GATEWAY).slice(0, 0));
      for (const one of states) {
        const flows = desired(...one);
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

test('a service more is its flows more: all others are the very same', (t) => {
  const desired = desiredFlows();
  const nodePorts = Array.from({ length: 500 }, (_, i) => ({ protocol: 'tcp', port: 30_000 + i }) as const);
  const before = claimsOf(nodePorts, SERVED);
  const one = { protocol: 'udp', port: 53 } as const;
  const after = { ...before, nodePorts: before.nodePorts.with([['udp 53', one]]) };
  const differences = desired(FRAME, before).differences(desired(FRAME, after));
  t.deepEqual(
    differences.map(({ before }) => before),
    [undefined, undefined],
  );
  t.true(differences.every(({ key }) => key.endsWith('tp_dst=53')));
});
