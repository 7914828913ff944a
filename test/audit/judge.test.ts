import test from 'ava';
import { deliveredBy, isContinued } from '../../src/audit/delivered.js';
import { judge, type Reading } from '../../src/audit/judge.js';
import { auditJson, formatAudit } from '../../src/audit/report.js';
import type { ClassCounts } from '../../src/capture/counts.js';
import type { PacketClass } from '../../src/demux/classes.js';
import { demuxFlows } from '../../src/demux/table.js';
import type { InstalledFlow } from '../../src/openflow/flow.js';
import { CONNTRACK, GATEWAY, PHYS, PORT_RANGE } from '../demux/sample.js';

type Counts = Partial<Record<PacketClass | 'truncated', number>>;

function carried(counts: Counts): ClassCounts {
  return new Map(
    Object.entries(counts).map(([name, packets]) => [
      name as PacketClass,
      { packets: BigInt(packets), bytes: 60n * BigInt(packets) },
    ]),
  );
}

function reading(before: Counts, delivered: Counts, after: Counts, ofAll: Counts = {}): Reading {
  const sums = (counts: Counts) =>
    new Map(Object.entries(counts).map(([name, packets]) => [name as PacketClass, BigInt(packets)]));
  return {
    before: carried(before),
    delivered: { ofNic: sums(delivered), ofAll: sums(ofAll) },
    after: carried(after),
  };
}

const START = reading({ management: 10 }, { management: 5_000 }, { management: 20 });
const disagreeing = (start: Reading, end: Reading, demux = PORT_RANGE as typeof PORT_RANGE, lost = 0n) =>
  judge(start, end, demux, lost)
    .filter(({ agrees }) => !agrees)
    .map(({ name }) => name);

test('what was delivered may be anything that the moments of the two readings allow, and nothing else', (t) => {
  const end = (delivered: number) =>
    reading({ management: 1_010 }, { management: delivered }, { management: 1_030 });
  // Between 1010 - 20 and 1030 - 10.
  t.deepEqual(disagreeing(START, end(5_989)), ['management']);
  t.deepEqual(disagreeing(START, end(5_990)), []);
  t.deepEqual(disagreeing(START, end(6_020)), []);
  t.deepEqual(disagreeing(START, end(6_021)), ['management']);
});

test('frames that the capture lost, or kept too little of, may be of any class', (t) => {
  const end = reading({ management: 1_010 }, { management: 6_025 }, { management: 1_030 });
  t.deepEqual(disagreeing(START, end), ['management']);
  t.deepEqual(disagreeing(START, end, PORT_RANGE, 5n), []);
  t.deepEqual(disagreeing(START, { ...end, after: carried({ management: 1_030, truncated: 5 }) }), []);
});

test('a class of which nothing was delivered is named, the others are not', (t) => {
  const end = reading(
    { management: 1_010, 'node-port': 500 },
    { management: 6_000 },
    { management: 1_030, 'node-port': 505 },
  );
  const verdicts = judge(START, end, PORT_RANGE, 0n);
  t.deepEqual(disagreeing(START, end), ['node-port']);
  t.regex(formatAudit(verdicts), /^node-port +500 to 505 +0 {2}DISAGREES$/m);
  t.regex(formatAudit(verdicts), /^node-port: 500 arrived and 0 were delivered as such: /m);
  t.like(JSON.parse(auditJson(verdicts)), { agrees: false });
});

test('of flows that packets of other ports meet too, only too few say anything', (t) => {
  const end = (other: number) => reading({ other: 100 }, {}, { other: 110 }, { other });
  t.deepEqual(disagreeing(reading({}, {}, {}, { other: 0 }), end(5_000)), []);
  t.deepEqual(disagreeing(reading({}, {}, {}, { other: 0 }), end(99)), ['other']);
});

test('with connection tracking the return traffic of pods and that of the host are judged together', (t) => {
  const end = reading({ management: 1_010 }, { management: 5_400, 'pod-return': 600 }, { management: 1_030 });
  t.deepEqual(
    judge(START, end, CONNTRACK, 0n)
      .filter(({ agrees }) => !agrees)
      .map(({ name }) => name),
    [],
  );
  t.true(
    judge(START, end, CONNTRACK, 0n).some(
      ({ name, delivered }) => name === 'pod-return or management' && delivered === 1_000n,
    ),
  );
});

test('counters are sorted by who meets the flows: packets of the NIC, those of other ports, or both', (t) => {
  const flows = demuxFlows({ ...GATEWAY, nodePorts: [{ protocol: 'tcp', port: 30_080 }] }).map(
    (flow): InstalledFlow => ({ ...flow, packets: 1n, bytes: 60n }),
  );
  const { ofNic, ofAll } = deliveredBy(flows, PHYS);
  // One a family; from LOCAL there are as many of `tunnel`, which are not the NIC's.
  t.is(ofNic.get('node-port'), 2n);
  t.is(ofNic.get('tunnel'), 4n);
  t.false(ofNic.has('pod-out'));
  t.false(ofNic.has('host-out'));
  t.deepEqual([...ofAll], [['other', 1n]]);
});

test('readings of other rules, or of rules made anew, cannot be compared', (t) => {
  const flows = demuxFlows(GATEWAY).map((flow): InstalledFlow => ({ ...flow, packets: 9n, bytes: 60n }));
  const counted = flows.map((flow) => ({ ...flow, packets: 12n }));
  t.true(isContinued(flows, counted));
  t.false(isContinued(counted, flows));
  t.false(isContinued(flows, counted.slice(1)));
  t.false(
    isContinued(
      flows,
      counted.map((flow, i) => (i === 0 ? { ...flow, text: 'x' } : flow)),
    ),
  );
});
