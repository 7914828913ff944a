import test from 'ava';
import fc from 'fast-check';
import type { GatewayState } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { desiredFlows } from '../../src/gateway/desired.js';
import { parseIp } from '../../src/net/ip.js';
import { CONNTRACK, GATEWAY, IP4, PORT_RANGE } from '../demux/sample.js';

const nodePort = fc.record({
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  port: fc.integer({ min: 1, max: 9 }),
});
const state: fc.Arbitrary<GatewayState> = fc
  .record({
    nodePorts: fc.uniqueArray(nodePort, { selector: ({ protocol, port }) => `${protocol} ${port}` }),
    addresses: fc.constantFrom([IP4], GATEWAY.addresses),
    served: fc.constantFrom([], [parseIp('203.0.113.80')]),
    demux: fc.constantFrom(PORT_RANGE, CONNTRACK),
  })
  .map((parts) => ({ ...GATEWAY, ...parts }));

test('whatever it was asked before, it answers what demuxFlows does', (t) => {
  fc.assert(
    fc.property(fc.array(state, { maxLength: 6 }), (states) => {
      const desired = desiredFlows();
      for (const one of states) {
        const texts = (flows: readonly { text: string }[]) => flows.map(({ text }) => text).toSorted();
        t.deepEqual(texts(desired(one)), texts(demuxFlows(one)));
      }
    }),
    { numRuns: 30 },
  );
  t.pass();
});
