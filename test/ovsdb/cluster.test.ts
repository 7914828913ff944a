import test from 'ava';
import { until, when } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { type Client, connect } from '../../src/ovsdb/client.js';
import { DatabaseUnreachable, OutcomeUnknown } from '../../src/ovsdb/errors.js';
import { ovnNorthbound } from '../../src/ovsdb/tables/ovn_northbound.js';
import { startCluster } from './raft_cluster.js';

type Northbound = Client<typeof ovnNorthbound>;

async function addSwitch(db: Northbound, name: string, timeoutMs = 5_000): Promise<void> {
  const txn = db.transaction(`add ${name}`);
  txn.insert('Logical_Switch', { name });
  await txn.commit({ timeoutMs });
}

function hasSwitch(db: Northbound, name: string): Promise<true> {
  return db.until(() => when(db.find('Logical_Switch', (row) => row.name === name) !== undefined), {
    what: name,
    timeoutMs: 10_000,
  });
}

test('the client finds the leader of a cluster, finds the next leader if that one dies, and keeps writing', async (t) => {
  const cluster = await startCluster();
  const connected: string[] = [];
  const log = {
    ...SILENT,
    info: (message: string) => connected.push(message.replace(/: connected$/, '')),
  };
  // The followers come first in the list, so the client must skip them.
  const first = await cluster.leader();
  const followers = cluster.members.filter((member) => member !== first);
  const remotes = [...followers, first].map(({ remote }) => remote).join(',');
  const db = await connect(ovnNorthbound, { remotes, timeoutMs: 10_000, log });
  await addSwitch(db, 'before');
  await hasSwitch(db, 'before');
  t.deepEqual(connected, [first.remote]);

  const back = new Promise((resolve) => db.onState((state) => state === 'connected' && resolve(state)));
  const started = performance.now();
  await first.kill();
  await back;
  t.log(`a new leader after ${Math.round(performance.now() - started)} ms`);
  const second = await cluster.leader();
  t.not(second, first);
  t.is(connected.at(-1), second.remote);
  t.truthy(db.find('Logical_Switch', ({ name }) => name === 'before'));
  await addSwitch(db, 'after');
  await hasSwitch(db, 'after');

  // The old leader comes back as a follower with all rows; a client that accepts followers can use it.
  await first.start();
  const reader = await connect(ovnNorthbound, {
    remotes: first.remote,
    leaderOnly: false,
    timeoutMs: 10_000,
  });
  await hasSwitch(reader, 'after');
  await addSwitch(reader, 'through a follower');
  await hasSwitch(db, 'through a follower');
  t.true(db.isConnected);
  await t.throwsAsync(connect(ovnNorthbound, { remotes: first.remote, timeoutMs: 500 }), {
    instanceOf: DatabaseUnreachable,
    message: /does not lead the cluster/,
  });
  reader.close();
  db.close();
  await cluster.dispose();
});

test('the client leaves a leader that loses its followers, and the outcome of a pending transaction is unknown', async (t) => {
  const cluster = await startCluster();
  const remotes = cluster.members.map(({ remote }) => remote).join(',');
  const db = await connect(ovnNorthbound, { remotes, timeoutMs: 10_000 });
  const leader = await cluster.leader();
  const others = cluster.members.filter((member) => member !== leader);
  const gone = new Promise((resolve) => db.onState(resolve));
  await Promise.all(others.map((member) => member.kill()));
  await t.throwsAsync(addSwitch(db, 'in the dark', 500), { instanceOf: OutcomeUnknown });
  t.is(await gone, 'disconnected');
  await Promise.all(others.map((member) => member.start()));
  await until('a leader', () => when(db.isConnected));
  await Promise.all(others.map((member) => member.kill()));
  const reading = { remotes: leader.remote, leaderOnly: false, timeoutMs: 10_000 };
  const lost = () => connect(ovnNorthbound, { ...reading, timeoutMs: 300 });
  // A server notices the loss within an election timeout; until then it still answers.
  const refusal = await until('the loss of the cluster', () =>
    lost().then(
      (reader) => when(reader.close() !== undefined),
      (error: Error) => error,
    ),
  );
  t.regex(String(refusal), /this server has lost the cluster/);
  await Promise.all(others.map((member) => member.start()));
  await until('a leader', () => when(db.isConnected));
  await addSwitch(db, 'in the light');
  await hasSwitch(db, 'in the light');
  db.close();
  await cluster.dispose();
});
