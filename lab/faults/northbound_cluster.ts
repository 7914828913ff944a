import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NORTHBOUND_PORT, remote, restartNorthbound } from '../central.js';
import type { Cluster } from '../cluster.js';
import { until, when } from '../until.js';
import { kill } from './daemons.js';

const DATABASE = 'OVN_Northbound';
/** Ports for clients: the first member has the one that the single server had. */
const PORTS = [NORTHBOUND_PORT, 6651, 6661] as const;
const RAFT = [6643, 6653, 6663].map((port) => `tcp:127.0.0.1:${port}`);
const ELECTION_MS = 15_000;

/** The northbound database of a cluster as three servers (RAFT), made from the single server, and that again. */
export class NorthboundCluster {
  private constructor(private readonly cluster: Cluster) {}

  /** Replaces the single server by three, with the same rows. */
  static async replace(cluster: Cluster): Promise<NorthboundCluster> {
    const found = new NorthboundCluster(cluster);
    const { master } = cluster;
    const { host } = master;
    await kill(master, 'ovn/ovn-northd.pid', 'SIGTERM');
    await kill(master, 'ovn/ovnnb_db.pid', 'SIGTERM');
    const [first = ''] = RAFT;
    const timer = '--election-timer=1000';
    await host.exec([
      'ovsdb-tool',
      timer,
      'create-cluster',
      found.file(0),
      join(host.dir, 'ovnnb_db.db'),
      first,
    ]);
    for (const index of [1, 2])
      await host.exec(['ovsdb-tool', 'join-cluster', found.file(index), DATABASE, RAFT[index] ?? '', first]);
    for (const index of PORTS.keys()) await found.start(index);
    await until(
      'all members',
      async () => {
        const states = await Promise.all([...PORTS.keys()].map((index) => found.status(index)));
        return when(states.every((state) => state.includes('Status: cluster member')));
      },
      ELECTION_MS,
    );
    await found.tellAll(PORTS.map((port) => remote(master.v4, port)).join(','));
    await host.daemon('ovn-northd', `--ovnnb-db=${found.sockets}`);
    return found;
  }

  /** Returns the leader's number, or that of a follower. */
  async memberThat(isLeader: boolean): Promise<number> {
    return until(
      'a leader',
      async () => {
        const states = await Promise.all([...PORTS.keys()].map((index) => this.status(index)));
        const found = states.findIndex((state) =>
          state.includes(isLeader ? 'Role: leader' : 'Role: follower'),
        );
        return found === -1 ? undefined : found;
      },
      ELECTION_MS,
    );
  }

  kill(index: number): Promise<void> {
    return kill(this.cluster.master, `ovn/${name(index)}.pid`);
  }

  async start(index: number): Promise<void> {
    const { host } = this.cluster.master;
    const at = (suffix: string) => join(host.dir, 'ovn', `${name(index)}.${suffix}`);
    await host.exec([
      ...[
        'ovsdb-server',
        this.file(index),
        `--remote=punix:${at('sock')}`,
        `--remote=ptcp:${PORTS[index]}:[::]`,
      ],
      ...[
        `--unixctl=${at('ctl')}`,
        `--pidfile=${at('pid')}`,
        '--overwrite-pidfile',
        `--log-file=${at('log')}`,
      ],
      ...['--detach', '-vconsole:off'],
    ]);
  }

  /** Runs `ovn-nbctl` on the leader. */
  nbctl(...args: readonly string[]): Promise<string> {
    return this.cluster.master.host.exec(['ovn-nbctl', `--db=${this.sockets}`, '--timeout=10', ...args]);
  }

  /** Replaces the three servers by a single one, with the rows that they have now. */
  async undo(): Promise<void> {
    const { master } = this.cluster;
    const { host } = master;
    await kill(master, 'ovn/ovn-northd.pid', 'SIGTERM');
    const leader = await this.memberThat(true);
    for (const index of PORTS.keys()) await kill(master, `ovn/${name(index)}.pid`, 'SIGTERM');
    const single = join(host.dir, 'ovnnb_db.single');
    await host.exec(['ovsdb-tool', 'cluster-to-standalone', single, this.file(leader)]);
    await rename(single, join(host.dir, 'ovnnb_db.db'));
    await restartNorthbound(host);
    await this.tellAll(remote(master.v4, NORTHBOUND_PORT));
    await host.daemon('ovn-northd');
    const left = [...PORTS.keys()].flatMap((index) => [
      this.file(index),
      join(host.dir, `.${name(index)}.raft.db.~lock~`),
      ...(index === 0
        ? []
        : ['sock', 'ctl', 'pid', 'log'].map((suffix) => join(host.dir, 'ovn', `${name(index)}.${suffix}`))),
    ]);
    await Promise.all(left.map((file) => rm(file, { force: true })));
  }

  private async tellAll(remotes: string): Promise<void> {
    const setting = `external_ids:ovn-nb="${remotes}"`;
    await Promise.all(this.cluster.nodes.map(({ host }) => host.vsctl('set', 'Open_vSwitch', '.', setting)));
  }

  private async status(index: number): Promise<string> {
    const { host } = this.cluster.master;
    const control = join(host.dir, 'ovn', `${name(index)}.ctl`);
    const { stdout } = await host.net.attempt(['ovs-appctl', '-t', control, 'cluster/status', DATABASE]);
    return stdout;
  }

  private get sockets(): string {
    return [...PORTS.keys()]
      .map((index) => `unix:${join(this.cluster.master.host.dir, 'ovn', `${name(index)}.sock`)}`)
      .join(',');
  }

  private file(index: number): string {
    return join(this.cluster.master.host.dir, `${name(index)}.raft.db`);
  }
}

/** The first member has the socket and the log of the single server. */
function name(index: number): string {
  return index === 0 ? 'ovnnb_db' : `ovnnb_db_${index}`;
}
