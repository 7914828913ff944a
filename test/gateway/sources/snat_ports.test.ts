import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startOvsdbServer } from '../../../lab/ovsdb_server.js';
import { SILENT } from '../../../src/daemon/log.js';
import { Problems } from '../../../src/daemon/problems.js';
import { UnixctlServer } from '../../../src/daemon/unixctl_server.js';
import { SnatPortsSource } from '../../../src/gateway/sources/snat_ports.js';
import { connect } from '../../../src/ovsdb/client.js';
import { openVswitch } from '../../../src/ovsdb/tables/open_vswitch.js';
import { IP4 } from '../../demux/sample.js';

const RANGE = { lo: 61_000, hi: 61_009 };
const SERVER = { protocol: 'tcp', server: '198.51.100.7', port: 80 } as const;

/** Returns `dpctl/dump-conntrack` with `count` connections of a pod to one server, in zone 14. */
function dumpOf(count: number): string {
  return Array.from(
    { length: count },
    (_, i) =>
      `tcp,orig=(src=10.244.2.3,dst=${SERVER.server},sport=${40_000 + i},dport=80),reply=(src=${SERVER.server},dst=${IP4},sport=80,dport=${RANGE.lo + i}),zone=14`,
  ).join('\n');
}

/** A database with a gateway's bridges, and an ovs-vswitchd that tracks `connections` and records each question. */
async function begin(t: ExecutionContext, range?: string) {
  const server = await startOvsdbServer();
  const db = await connect(openVswitch, { remotes: server.remote });
  const txn = db.transaction('two bridges');
  const breth0 = txn.insert('Bridge', {
    name: 'breth0',
    datapath_type: 'netdev',
    external_ids: new Map(range === undefined ? [] : [['k8s-snat-port-range', range]]),
  });
  const brInt = txn.insert('Bridge', {
    name: 'br-int',
    external_ids: new Map([['ct-zone-GR_gw_snat', '14']]),
  });
  txn.insert('Open_vSwitch', { bridges: [breth0, brInt] });
  await txn.commit();
  await db.until(() => db.find('Bridge', ({ name }) => name === 'br-int'), { what: 'the bridges' });

  const tracked = { connections: 0, questions: [] as string[] };
  const vswitchd = new UnixctlServer(join(server.directory, `ovs-vswitchd.${process.pid}.ctl`));
  vswitchd.register('dpctl/ct-stats-show', '', 0, 2, (args) => {
    tracked.questions.push(`stats ${args.join(' ')}`);
    return `Connections Stats:\n    Total: ${tracked.connections}\n  TCP: ${tracked.connections}\n`;
  });
  vswitchd.register('dpctl/dump-conntrack', '', 0, 2, (args) => {
    tracked.questions.push(`dump ${args.join(' ')}`);
    return dumpOf(tracked.connections);
  });
  await vswitchd.listen();
  writeFileSync(join(server.directory, 'ovs-vswitchd.pid'), `${process.pid}\n`);
  let isListening = true;
  const leave = async () => {
    if (isListening) await vswitchd.close();
    isListening = false;
  };

  const problems = new Problems(SILENT);
  const source = new SnatPortsSource({
    ...{ db, bridge: 'breth0', rundir: server.directory, problems },
    addresses: () => [IP4],
  });
  t.teardown(async () => {
    await leave();
    db.close();
    await server.dispose();
  });
  return { source, problems, tracked, leave };
}

test('few connections are only counted, and their number limits the number of any server', async (t) => {
  const { source, problems, tracked } = await begin(t, '61000-61009');
  tracked.connections = 4;
  t.deepEqual(await source.look(), { range: RANGE, atMost: 4, busiest: undefined });
  t.deepEqual(tracked.questions, ['stats netdev@ovs-netdev']);
  t.deepEqual(problems.current, []);
});

test('many connections are looked through, and from then on only their zone is asked about', async (t) => {
  const { source, tracked } = await begin(t, '61000-61009');
  tracked.connections = 5;
  t.deepEqual(await source.look(), { range: RANGE, atMost: 5, busiest: { ...SERVER, used: 5 } });
  await source.look();
  t.deepEqual(tracked.questions, [
    'stats netdev@ovs-netdev',
    'dump netdev@ovs-netdev',
    'stats netdev@ovs-netdev zone=14',
    'dump netdev@ovs-netdev zone=14',
  ]);
});

test('a range that is used up is a problem until connections end', async (t) => {
  const { source, problems, tracked } = await begin(t, '61000-61009');
  tracked.connections = 10;
  await source.look();
  t.regex(
    problems.current.join(),
    /^the pods' ports 61000-61009 are used up.* towards tcp 198\.51\.100\.7 port 80/,
  );
  tracked.connections = 1;
  await source.look();
  t.deepEqual(problems.current, []);
});

test('two checks at the same time ask the switch once', async (t) => {
  const { source, tracked } = await begin(t, '61000-61009');
  await Promise.all([source.look(), source.look(), source.look()]);
  t.is(tracked.questions.length, 1);
});

test('without a range the switch is not asked', async (t) => {
  const { source, tracked } = await begin(t);
  t.is(await source.look(), undefined);
  t.deepEqual(tracked.questions, []);
});

test('a switch that does not answer leaves the fill unknown, and what was a problem of the range stays one', async (t) => {
  const { source, problems, tracked, leave } = await begin(t, '61000-61009');
  tracked.connections = 10;
  await source.look();
  const before = problems.current;
  t.is(before.length, 1);
  await leave();
  t.is(await source.look(), undefined);
  t.deepEqual(problems.current, before);
});
