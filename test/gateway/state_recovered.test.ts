import test from 'ava';
import fc from 'fast-check';
import type { NodePort } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { NOTHING_EXPOSED } from '../../src/gateway/state_exposure.js';
import { recoverExposure } from '../../src/gateway/state_recovered.js';
import { parseIp } from '../../src/net/ip.js';
import { gateways } from '../demux/frame_arbitraries.js';
import { GATEWAY } from '../demux/sample.js';

const texts = (flows: readonly { readonly text: string }[]) => flows.map(({ text }) => text).toSorted();

test('an exposure is recovered from the flows that were made for it, with every restriction', (t) => {
  fc.assert(
    fc.property(gateways, ({ ...state }) => {
      fc.pre(state.phys !== undefined && state.patch !== undefined);
      const flows = demuxFlows(state);
      const recovered = recoverExposure(flows, state.answersServed);
      t.deepEqual(texts(demuxFlows({ ...state, ...recovered })), texts(flows));
    }),
    { numRuns: 300 },
  );
});

test('a node port at all shared addresses follows them when they change', (t) => {
  const nodePorts: NodePort[] = [{ protocol: 'tcp', port: 30_080 }];
  const recovered = recoverExposure(demuxFlows({ ...GATEWAY, nodePorts }), true);
  t.deepEqual([...recovered.nodePorts], nodePorts);
  const moved = { ...GATEWAY, addresses: [parseIp('203.0.113.20')] };
  t.deepEqual(texts(demuxFlows({ ...moved, ...recovered })), texts(demuxFlows({ ...moved, nodePorts })));
});

test('an altered flow that cannot be parsed recovers nothing', (t) => {
  const altered = demuxFlows({ ...GATEWAY, nodePorts: [{ protocol: 'tcp', port: 30_080 }] }).map((flow) => ({
    ...flow,
    key: 'table=0,priority=1,?',
  }));
  t.deepEqual(recoverExposure(altered, true), NOTHING_EXPOSED);
});

test('a gateway that begins to answer takes over no address for which a speaker answered', (t) => {
  const served = ['203.0.113.80', '2001:db8::80'].map(parseIp);
  const recover = (before: boolean, after: boolean) => {
    const flows = demuxFlows({ ...GATEWAY, served, answersServed: before });
    return [...recoverExposure(flows, after).served].toSorted();
  };
  t.deepEqual(recover(false, true), []);
  for (const after of [true, false]) t.deepEqual(recover(true, after), served.toSorted());
  t.deepEqual(recover(false, false), served.toSorted());
});
