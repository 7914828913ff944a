import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { accepting, SCHEMAS } from '../../lab/ovsdb_server.js';
import { until } from '../../lab/until.js';

const DATABASE = 'OVN_Northbound';

/** One server of a cluster. */
export interface Member {
  readonly remote: string;
  isLeader(): Promise<boolean>;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export interface RaftCluster {
  readonly members: readonly Member[];
  leader(): Promise<Member>;
  dispose(): Promise<void>;
}

/** Starts a cluster of three real servers of a northbound database, which elect a new leader within 1 s. */
export async function startCluster(): Promise<RaftCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'raft-'));
  const at = (index: number, what: string) => join(dir, `${index}.${what}`);
  const raft = (index: number) => `unix:${at(index, 'raft')}`;
  await execa('ovsdb-tool', [
    ...['--election-timer=300', 'create-cluster', at(0, 'db'), SCHEMAS[DATABASE], raft(0)],
  ]);
  await Promise.all(
    [1, 2].map((index) =>
      execa('ovsdb-tool', ['join-cluster', at(index, 'db'), DATABASE, raft(index), raft(0)]),
    ),
  );
  const members: Member[] = [];
  for (const index of [0, 1, 2]) {
    const member = memberOf((what) => at(index, what));
    await member.start();
    members.push(member);
  }
  const leader = () =>
    until('a leader', async () => {
      for (const member of members) if (await member.isLeader()) return member;
      return undefined;
    });
  await Promise.all(
    [1, 2].map((index) =>
      until(`member ${index} in the cluster`, async () =>
        (await status(at(index, 'ctl'))).includes('Status: cluster member') ? true : undefined,
      ),
    ),
  );
  return {
    members,
    leader,
    dispose: async () => {
      await Promise.all(members.map((member) => member.kill()));
      await rm(dir, { recursive: true });
    },
  };
}

function memberOf(at: (what: string) => string): Member {
  const launch = () =>
    execa(
      'ovsdb-server',
      [at('db'), `--remote=punix:${at('sock')}`, `--unixctl=${at('ctl')}`, '--no-chdir', '-vconsole:off'],
      { reject: false, stdin: 'ignore' },
    );
  let server: ReturnType<typeof launch> | undefined;
  return {
    remote: `unix:${at('sock')}`,
    isLeader: async () => server !== undefined && (await status(at('ctl'))).includes('Role: leader'),
    start: async () => {
      server = launch();
      await accepting(at('sock'));
    },
    kill: async () => {
      server?.kill('SIGKILL');
      await server;
      server = undefined;
    },
  };
}

async function status(ctl: string): Promise<string> {
  const { stdout } = await execa('ovs-appctl', ['-t', ctl, 'cluster/status', DATABASE], { reject: false });
  return stdout;
}
