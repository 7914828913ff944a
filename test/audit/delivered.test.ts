import test from 'ava';
import { deliveredBy, isContinued } from '../../src/audit/delivered.js';
import { demuxFlows } from '../../src/demux/table.js';
import type { InstalledFlow } from '../../src/openflow/flow.js';
import { CONNTRACK, GATEWAY, PHYS } from '../demux/sample.js';

test('counters are summed apart for flows of the NIC, flows of other ports and flows of all ports', (t) => {
  const flows = demuxFlows({ ...GATEWAY, nodePorts: [{ protocol: 'tcp', port: 30_080 }] }).map(
    (flow): InstalledFlow => ({ ...flow, packets: 1n, bytes: 60n }),
  );
  const { ofNic, ofAll } = deliveredBy(flows, PHYS);
  // One flow for each family. As many flows of `tunnel` match packets from LOCAL, which did not enter by the NIC.
  t.is(ofNic.get('node-port'), 2n);
  t.is(ofNic.get('tunnel'), 4n);
  t.false(ofNic.has('pod-out'));
  t.false(ofNic.has('host-out'));
  t.deepEqual([...ofAll], [['other', 1n]]);
});

test('a flow in a later table counts for the NIC, though its match names no port', (t) => {
  const flows = demuxFlows({ ...GATEWAY, demux: CONNTRACK })
    .filter(({ table }) => table !== 0)
    .map((flow): InstalledFlow => ({ ...flow, packets: 1n, bytes: 60n }));
  const { ofNic, ofAll } = deliveredBy(flows, PHYS);
  t.deepEqual(
    new Map([...ofNic].sort()),
    new Map([
      ['broadcast', 1n],
      ['management', 1n],
      ['neighbour-reply', 1n],
      ['pod-return', 2n],
    ]),
  );
  t.is(ofAll.size, 0);
});

test('foreign flows are not counted', (t) => {
  const foreign = { cookie: 9n, key: 'table=0,priority=1,in_port=1', text: '', packets: 5n, bytes: 300n };
  const { ofNic, ofAll } = deliveredBy([foreign], PHYS);
  t.is(ofNic.size + ofAll.size, 0);
});

test('two readings can be compared only if the flows are the same and their counters grew', (t) => {
  const flows = demuxFlows(GATEWAY).map((flow): InstalledFlow => ({ ...flow, packets: 9n, bytes: 60n }));
  const counted = flows.map((flow) => ({ ...flow, packets: 12n }));
  const withFirst = (change: Partial<InstalledFlow>) =>
    counted.map((flow, i) => (i === 0 ? { ...flow, ...change } : flow));
  t.true(isContinued(flows, counted));
  t.false(isContinued(counted, flows));
  t.false(isContinued(flows, counted.slice(1)));
  t.false(isContinued(flows, withFirst({ text: 'x' })));
  t.false(isContinued(flows, withFirst({ cookie: 9n })));
  t.false(isContinued(flows, withFirst({ packets: 8n })));
});
