import test from 'ava';
import fc from 'fast-check';
import type { GatewayState } from '../../src/demux/state.js';
import { formatState, parseState } from '../../src/demux/state_json.js';
import { ProductError } from '../../src/net/errors.js';
import { gateways } from './frame_arbitraries.js';
import { GATEWAY } from './sample.js';

/** Returns `state` with served addresses and node ports as sorted lists. */
function sorted({ served, restricted, nodePorts, ...frame }: GatewayState) {
  return {
    ...frame,
    served: [...served].sort(),
    restricted: [...restricted].map((one) => JSON.stringify(one)).sort(),
    nodePorts: [...nodePorts].map((one) => JSON.stringify(one)).sort(),
  };
}

test('a state is read back from its JSON, and equal states have equal JSON', (t) => {
  fc.assert(
    fc.property(gateways, (state) => {
      const text = formatState(state);
      const read = parseState(text);
      t.deepEqual(sorted(read), sorted(state));
      t.is(formatState(read), text);
      t.is(
        formatState({
          ...state,
          served: [...state.served].reverse(),
          restricted: [...state.restricted].reverse(),
          nodePorts: [...state.nodePorts].reverse(),
        }),
        text,
      );
    }),
  );
});

test('each value of a state is validated', (t) => {
  const whole: Record<string, unknown> = JSON.parse(formatState(GATEWAY));
  for (const wrong of [
    { bridge: '--help' },
    { bridge: 3 },
    { mac: '0a:58' },
    { phys: 'eth0' },
    { patch: 70_000 },
    { otherPorts: 1 },
    { addresses: '203.0.113.10' },
    { addresses: ['203.0.113.010'] },
    { served: [7] },
    { nodePorts: [{ protocol: 'dccp', port: 30_080 }] },
    { nodePorts: [{ protocol: 'tcp', port: 0 }] },
    { nodePorts: [null] },
    { nodePorts: [{ protocol: 'tcp', port: 80, at: ['203.0.113.0/24'] }] },
    { nodePorts: [{ protocol: 'tcp', port: 80, sources: ['203.0.113.1'] }] },
    { nodePorts: [{ protocol: 'tcp', port: 80, sources: null }] },
    { answersServed: 'yes' },
    { restricted: [{ address: '203.0.113.80', protocol: 'tcp', port: 80 }] },
    { restricted: [{ address: 'x', protocol: 'tcp', port: 80, sources: [] }] },
    { demux: undefined },
    { demux: { mode: 'other' } },
    { demux: { mode: 'port-range' } },
    { demux: { mode: 'port-range', range: { lo: 9, hi: 8 } } },
  ])
    t.throws(
      () => parseState(JSON.stringify({ ...whole, ...wrong })),
      { code: 'ERR_BAD_STATE' },
      JSON.stringify(wrong),
    );
  for (const text of ['', 'null', '[]', '{', '3'])
    t.throws(() => parseState(text), { code: 'ERR_BAD_STATE' }, text);
});

/** Texts of any kind, JSON of any kind, and states in which one value is another. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.tuple(gateways, fc.nat({ max: 20 }), fc.jsonValue()).map(([state, at, value]) => {
    const whole: Record<string, unknown> = JSON.parse(formatState(state));
    const keys = Object.keys(whole);
    return JSON.stringify({ ...whole, [keys[at % keys.length] ?? '']: value });
  }),
);

test('whatever a file of a state has is read, or refused with a typed error', (t) => {
  const seen = { read: 0, refused: 0 };
  fc.assert(
    fc.property(anyText, (text) => {
      try {
        const state = parseState(text);
        seen.read++;
        t.deepEqual(parseState(formatState(state)), state);
      } catch (error) {
        seen.refused++;
        if (!(error instanceof ProductError)) throw error;
        t.is(error.code, 'ERR_BAD_STATE');
      }
    }),
    { numRuns: 2_000 },
  );
  t.true(seen.read > 0 && seen.refused > 100, JSON.stringify(seen));
});
