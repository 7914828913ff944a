import test from 'ava';
import { Lab } from '../../lab/lab.js';
import { labTest } from '../../lab/lab_test.js';
import { OutageProbe } from '../../lab/outage_probe.js';
import { Session } from '../../lab/session.js';
import { until } from '../../lab/until.js';

const PORT = 7000;
const DROP = `table ip cut {
  chain in {
    type filter hook input priority 0
    udp dport ${PORT} drop
  }
}
`;

let lab: Lab | undefined;
test.before(() => {
  if (process.getuid?.() === 0) lab = Lab.open();
});
test.after.always(() => lab?.dispose());

for (const mode of ['same', 'new'] as const)
  labTest(`an outage is noted once, with its time and its losses (${mode} socket)`, async (t) => {
    if (lab === undefined) return t.fail('the lab is there for root only');
    const net = await lab.namespace(mode);
    await Session.serve(net, PORT);
    const probe = await OutageProbe.open(net, { address: '127.0.0.1', port: PORT }, { intervalMs: 10, mode });
    const cutMs = Date.now();
    await net.exec(['nft', '-f', '-'], { input: DROP });
    await until('30 datagrams', () => (Date.now() - cutMs > 300 ? true : undefined));
    await net.exec(['nft', 'delete', 'table', 'ip', 'cut']);
    const [first] = await until('the outage', () => (probe.outages.length > 0 ? probe.outages : undefined));
    const { sent, outages } = await probe.close();
    t.deepEqual(outages, first === undefined ? [] : [first]);
    t.true(sent > 30);
    t.true(first !== undefined && first.lost >= 10 && first.lost <= sent, JSON.stringify(outages));
    t.true(first !== undefined && first.startMs >= cutMs - 50 && first.endMs > first.startMs);
  });
