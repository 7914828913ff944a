import test from 'ava';
import { CLASSES, classOfId } from '../../src/demux/classes.js';
import type { GatewayState } from '../../src/demux/state.js';
import { demuxFlows } from '../../src/demux/table.js';
import { classIdOf } from '../../src/openflow/cookie.js';
import type { Flow } from '../../src/openflow/flow.js';
import { GOLDEN_STATES } from './golden.js';
import { CONNTRACK, GATEWAY } from './sample.js';

/** Every golden state in either mode. */
const STATES = new Map<string, GatewayState>(
  [...GOLDEN_STATES].flatMap(([name, state]) => [
    [name, state],
    [`${name}, conntrack`, { ...state, demux: CONNTRACK }],
  ]),
);

/** Whether a packet exists that both flows match. */
function overlap(a: Flow, b: Flow): boolean {
  return a.match.every(({ field, value, mask }) => {
    const other = b.match.find((one) => one.field === field);
    return other === undefined || ((value ^ other.value) & mask & other.mask) === 0n;
  });
}

for (const [name, state] of STATES)
  test(`no packet matches two flows of one priority with different actions: ${name}`, (t) => {
    // The switch may take either of two such flows.
    const flows = demuxFlows(state);
    const actionsOf = (flow: Flow) => flow.text.slice(flow.key.length);
    const pairs = flows.flatMap((a, i) =>
      flows
        .slice(i + 1)
        .filter((b) => a.table === b.table && a.priority === b.priority && actionsOf(a) !== actionsOf(b))
        .filter((b) => overlap(a, b))
        .map((b) => `${a.text} and ${b.text}`),
    );
    t.deepEqual(pairs, []);
  });

test('the table stands in order of precedence, and has a row for every class', (t) => {
  for (const demux of [GATEWAY.demux, CONNTRACK]) {
    const rows = demuxFlows({ ...GATEWAY, demux, nodePorts: [{ protocol: 'tcp', port: 30_080 }] });
    const priorities = rows.filter(({ table }) => table === 0).map(({ priority }) => priority);
    t.deepEqual(
      priorities,
      priorities.toSorted((a, b) => b - a),
    );
    const classes = new Set(rows.map(({ cookie }) => classOfId(classIdOf(cookie))));
    t.deepEqual(
      CLASSES.filter((name) => !classes.has(name)),
      // No address is served here.
      ['external'],
    );
  }
});

test('a served address that host and gateway router share adds no flow', (t) => {
  t.deepEqual(demuxFlows({ ...GATEWAY, served: GATEWAY.addresses }), demuxFlows(GATEWAY));
});

test('without the patch port its classes have no flow', (t) => {
  const flows = demuxFlows({ ...GATEWAY, patch: undefined, nodePorts: [{ protocol: 'tcp', port: 30_080 }] });
  const classes = new Set(flows.map(({ cookie }) => classOfId(classIdOf(cookie))));
  for (const name of ['node-port', 'pod-return', 'pod-out', 'pod-drop'] as const)
    t.false(classes.has(name), name);
  t.true(classes.has('management'));
});
