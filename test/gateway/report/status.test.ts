import test from 'ava';
import { classId } from '../../../src/demux/classes.js';
import {
  countersJson,
  formatCounters,
  formatStatus,
  type Status,
  statusJson,
} from '../../../src/gateway/report/status.js';
import { parseIp } from '../../../src/net/ip.js';
import { parseMac } from '../../../src/net/mac.js';
import { makeCookie } from '../../../src/openflow/cookie.js';
import type { InstalledFlow } from '../../../src/openflow/flow.js';
import { CONNTRACK, GATEWAY } from '../../demux/sample.js';

const OTHER = parseMac('02:00:00:00:00:77');
const ROUTER = parseIp('203.0.113.1');

const STATUS: Status = {
  state: GATEWAY,
  synced: true,
  isOpen: true,
  problems: [],
  totals: { looks: 9, bundles: 2, flowsAdded: 70, flowsRemoved: 3, failures: 1, switchRestarts: 4 },
  channel: 'ofctl',
  fill: undefined,
  limit: undefined,
  neighbours: { isHeard: true, announced: 5, claimsHeard: 0, claims: [], routers: [] },
};

test('status has one fact a line', (t) => {
  t.is(
    formatStatus(STATUS),
    `flows:     in place
gate:      open to OVN
bridge:    breth0 (0a:58:cb:00:71:0a)
addresses: 203.0.113.10, 2001:db8::10
ports:     phys 1, patch 2
demux:     port-range 61000-65535
channel:   ofctl
announced: 5 addresses
looks:     9, bundles 2, flows added 70, deleted 3
failures:  1, switch restarts 4
`,
  );
});

test('status shows only the known facts before there is a state', (t) => {
  const lines = formatStatus({ ...STATUS, state: undefined, synced: false, isOpen: false }).split('\n');
  t.is(lines[0], 'flows:     NOT in place');
  t.is(lines[1], 'gate:      closed to OVN until the flows are in place');
  t.is(lines[2], 'channel:   ofctl');
});

test('status says if a speaker answers for external addresses', (t) => {
  const text = formatStatus({ ...STATUS, state: { ...GATEWAY, answersServed: false } });
  t.regex(text, /^external: {2}a speaker answers for external addresses$/m);
});

test('status shows missing ports, other ports, a missing address and conntrack mode', (t) => {
  const state = {
    ...GATEWAY,
    ...{ phys: undefined, patch: undefined, otherPorts: true, addresses: [], demux: CONNTRACK },
  };
  const text = formatStatus({ ...STATUS, state });
  t.regex(text, /^addresses: none$/m);
  t.regex(text, /^ports: {5}phys absent, patch absent, others$/m);
  t.regex(text, /^demux: {5}conntrack$/m);
});

test('each router, claim and problem and the fill of the port range have one line each', (t) => {
  const text = formatStatus({
    ...STATUS,
    problems: ['one', 'two'],
    fill: { range: { lo: 61_000, hi: 65_535 }, atMost: 12, busiest: undefined },
    neighbours: {
      ...STATUS.neighbours,
      routers: [
        { address: ROUTER, mac: OTHER, changes: 0 },
        { address: parseIp('fe80::1'), mac: OTHER, changes: 2 },
      ],
      claims: [{ address: ROUTER, mac: OTHER, count: 3, last: '2026-01-01T00:00:00.000Z' }],
    },
  });
  for (const line of [
    'pod ports: at most 12 of 4536 in use towards one server',
    `router:    203.0.113.1 at ${OTHER}`,
    `router:    fe80::1 at ${OTHER}, changed 2 times`,
    `claim:     203.0.113.1 by ${OTHER}, 3 times, last at 2026-01-01T00:00:00.000Z`,
    'problem:   one',
    'problem:   two',
  ])
    t.true(text.split('\n').includes(line), `${line}\n\n${text}`);
});

test('status --json has every key, also while there is no state and no port range', (t) => {
  const { state: _, fill: __, limit: ___, ...rest } = STATUS;
  t.deepEqual(JSON.parse(statusJson({ ...STATUS, state: undefined })), {
    ...rest,
    state: null,
    podPorts: null,
    externalIpCidrs: null,
  });
  t.like(JSON.parse(statusJson(STATUS)), { state: { bridge: 'breth0', phys: 1 } });
});

const FLOWS: readonly InstalledFlow[] = [7n, 8n].map((packets) => ({
  cookie: makeCookie(classId('management'), `${packets}`),
  key: `${packets}`,
  text: `${packets}`,
  packets,
  bytes: 100n * packets,
}));

test('counters are summed by class, in the order of the classes', (t) => {
  const lines = formatCounters(FLOWS).split('\n');
  t.is(lines[0], 'class                    packets             bytes');
  t.is(lines[1], 'tunnel                         0                 0');
  t.true(lines.includes('management                    15              1500'), lines.join('\n'));
  t.is(lines.length, 17);
});

test('counters as JSON have an entry a class', (t) => {
  const counts = JSON.parse(countersJson(FLOWS));
  t.deepEqual(counts.management, { packets: 15, bytes: 1500 });
  t.deepEqual(counts.tunnel, { packets: 0, bytes: 0 });
  t.is(Object.keys(counts).length, 15);
});
