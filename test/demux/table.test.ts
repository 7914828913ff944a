import test from 'ava';
import type { GatewayState } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { parseIp } from '../../src/net/ip.js';
import type { Flow } from '../../src/openflow/flow.js';
import { CONNTRACK, GATEWAY } from './sample.js';

const SERVICES: GatewayState = {
  ...GATEWAY,
  served: ['203.0.113.80', '2001:db8::80', 'fe80::80'].map(parseIp),
  nodePorts: [
    { protocol: 'tcp', port: 30_080 },
    { protocol: 'udp', port: 30_053 },
  ],
};

/** Whether there is a packet that both match. */
function overlap(a: Flow, b: Flow): boolean {
  return a.match.every(({ field, value, mask }) => {
    const other = b.match.find((one) => one.field === field);
    return other === undefined || ((value ^ other.value) & mask & other.mask) === 0n;
  });
}

test('no packet matches two flows of one priority that do different things: a switch may take either', (t) => {
  for (const state of [SERVICES, { ...SERVICES, demux: CONNTRACK }, { ...SERVICES, otherPorts: true }]) {
    const flows = demuxFlows(state);
    const said = (flow: Flow) => flow.text.split(' actions=')[1];
    const pairs = flows.flatMap((a, i) =>
      flows
        .slice(i + 1)
        .filter((b) => a.table === b.table && a.priority === b.priority && said(a) !== said(b))
        .filter((b) => overlap(a, b))
        .map((b) => `${a.text} and ${b.text}`),
    );
    t.deepEqual(pairs, []);
  }
});
