import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startNorthbound } from '../../lab/central.js';
import { cable } from '../../lab/link.js';
import { PROJECT } from '../../lab/project.js';
import type { Running } from '../../lab/running.js';
import { until, when } from '../../lab/until.js';
import { Wire } from '../../lab/wire.js';
import { GATEWAY_HELPER as HELPER, NODE_DAEMON as NODE, WATCHER } from '../../src/daemon/programs.js';
import { unixctl } from '../../src/daemon/unixctl_client.js';
import type { Case, PeerName } from './cases.js';

/** How long a case lasts, in milliseconds, unless it says otherwise. */
const LASTS_MS = 2_000;
/** How often a daemon is asked for its status, in milliseconds. */
const ASK_MS = 40;
/** How long a daemon may take to close a connection whose client reads nothing, in milliseconds. */
const CLOSES_MS = 20_000;
/** How long an answer may take to count as one, in milliseconds. */
const ANSWER_MS = 5_000;

/** How long the daemons may take to start, in milliseconds. */
const START_MS = 20_000;

/** The daemons that meet each peer. Nobody but the helper talks to the switch, and OVSDB is read alike by all. */
const VICTIMS: Readonly<Record<PeerName, readonly string[]>> = {
  unixctl: [HELPER, WATCHER],
  'local database': [HELPER, WATCHER],
  northbound: [HELPER, WATCHER, NODE],
  switch: [HELPER],
  'API server': [HELPER, WATCHER, NODE],
  kernel: [HELPER, NODE],
};

/** What one case did to one daemon. */
export interface Outcome {
  readonly program: string;
  /** The most memory that the daemon had, in MB (VmHWM of /proc). */
  readonly peakMb: number;
  /** 99 % of the answers to `status` came within so many milliseconds. */
  readonly p99Ms: number;
  readonly isRunning: boolean;
  /** The last warning that the daemon logged. */
  readonly says: string;
}

interface Started {
  readonly program: string;
  readonly running: Running;
  readonly control: string;
}

/** A gateway host with real databases and a real switch, on which the daemons meet hostile peers. */
export class Stage {
  private constructor(private readonly wire: Wire) {}

  static async start(): Promise<Stage> {
    const wire = await Wire.start();
    const { host } = wire;
    await startNorthbound(host);
    const router = ['Logical_Router', 'name=master', 'external_ids:k8s-cluster-router=yes'];
    await host.exec(['ovn-nbctl', 'create', ...router]);
    await host.exec([
      'ovn-nbctl',
      'create',
      'Logical_Switch',
      'name=gw1',
      'external_ids:gateway_ip=10.244.1.1/24',
    ]);
    await cable({ in: host.net, name: 'k8s-gw1' }, { in: host.net, name: 'k8s-far' });
    await host.vsctl('set', 'Open_vSwitch', '.', 'external_ids:k8s-cluster-ip-subnet=10.244.0.0/16');
    return new Stage(wire);
  }

  dispose(): void {
    this.wire.dispose();
  }

  /** Plays one case: fresh daemons, then the hostile peer. */
  async play(played: Case): Promise<Outcome[]> {
    const { peer, kind, channel = 'ofctl', lastsMs = LASTS_MS } = played;
    const { host } = this.wire;
    const real = { db: join(host.rundir, 'db.sock'), nb: join(host.dir, 'ovn/ovnnb_db.sock') };
    const socket = join(host.dir, 'hostile.sock');
    const agents: Running[] = [];
    const agent = async (...args: readonly string[]) => {
      const file = join(PROJECT, 'test/hostile/agent.ts');
      const running = host.net.spawn([process.execPath, '--import=tsx', file, ...args]);
      agents.push(running);
      await running.says(/ready/, 20_000);
      return running;
    };
    const rundir = join(host.dir, 'run');
    let [db, nb, api] = [`unix:${real.db}`, `unix:${real.nb}`, 'http://127.0.0.1:1'];
    await host.exec(['rm', '-rf', socket, rundir]);
    await host.exec(['mkdir', rundir]);
    const bridge = join(rundir, 'breth0.mgmt');
    if (peer === 'local database') {
      await agent('ovsdb', kind, socket, real.db);
      db = `unix:${socket}`;
    } else if (peer === 'northbound') {
      await agent('ovsdb', kind, socket, real.nb);
      nb = `unix:${socket}`;
    } else if (peer === 'switch') {
      await agent('openflow', kind, bridge, join(host.rundir, 'breth0.mgmt'));
    } else if (peer === 'API server') {
      [api = ''] = (await agent('api', kind)).output.split('\n');
    }
    await host.vsctl(
      'set',
      'Open_vSwitch',
      '.',
      `external_ids:ovn-nb="${nb}"`,
      `external_ids:k8s-api-server="${api}"`,
    );
    const starts: Readonly<Record<string, () => Started>> = {
      [HELPER]: () => this.startHelper(db, channel, rundir, peer === 'switch'),
      [WATCHER]: () => this.spawn(WATCHER, join(rundir, 'watcher.ctl'), ['--overlay', `--db=${db}`], {}),
      [NODE]: () => this.spawn(NODE, join(rundir, 'node.ctl'), ['--node-name=gw1', `--db=${db}`], {}),
    };
    const started = VICTIMS[peer].flatMap((program) => starts[program]?.() ?? []);
    try {
      await Promise.all(started.map(isReady));
      await Promise.all(started.map(({ running }) => writeFile(`/proc/${running.pid}/clear_refs`, '5')));
      for (const { pid } of agents) process.kill(pid, 'SIGUSR2');
      if (peer === 'unixctl') await agent('unixctl', kind, ...started.map(({ control }) => control));
      if (peer === 'kernel') await agent('kernel', kind);
      const outcomes = await Promise.all(started.map((one) => observe(one, lastsMs)));
      // On a busy machine it takes longer until more answers wait than a daemon keeps.
      if (kind === 'unread')
        await agents
          .at(-1)
          ?.says(/connections closed/, CLOSES_MS)
          .catch(() => undefined);
      const [closed] = /\d+ connections closed(?=\n$)/.exec(agents.at(-1)?.output ?? '') ?? [];
      return outcomes.map((one) => ({ ...one, says: closed ?? one.says }));
    } finally {
      await Promise.all(agents.map((one) => one.stop('SIGKILL')));
      await Promise.all(started.map(({ running }) => running.stop('SIGKILL')));
    }
  }

  private startHelper(db: string, channel: string, rundir: string, isApart: boolean): Started {
    const control = join(rundir, 'helper.ctl');
    const args = ['--physical-bridge=breth0', '--physical-interface=eth0', `--flow-channel=${channel}`];
    return this.spawn(HELPER, control, [...args, `--db=${db}`], isApart ? { OVS_RUNDIR: rundir } : {});
  }

  private spawn(
    program: string,
    control: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Started {
    const argv = [
      process.execPath,
      join(PROJECT, 'dist/bin', `${program}.js`),
      ...args,
      `--unixctl=${control}`,
    ];
    return { program, control, running: this.wire.host.net.spawn(argv, env) };
  }
}

/** Waits until a daemon is at work: its peers are well until the case begins. */
async function isReady({ program, control, running }: Started): Promise<void> {
  const ask = (command: string) => unixctl(control, command, [], { timeoutMs: START_MS });
  await until(`${program} to answer`, async () => ask('status').catch(() => undefined), START_MS);
  // The helper answers once its first flows are in place, the watcher says so, and the node's daemon shows its table.
  if (program === HELPER) await ask('flow/sync');
  else if (program === WATCHER) await running.says(/following/, START_MS);
  else await until('the table', async () => when(/table: +in place/.test(await ask('status'))), START_MS);
}

/** Asks for the status all the while. */
async function observe({ program, control, running }: Started, lastsMs: number): Promise<Outcome> {
  const times: number[] = [];
  const logged = running.output.length;
  const end = performance.now() + lastsMs;
  while (performance.now() < end) {
    const asked = performance.now();
    const isAnswered = await unixctl(control, 'status', [], { timeoutMs: ANSWER_MS }).then(
      () => true,
      () => false,
    );
    times.push(isAnswered ? performance.now() - asked : ANSWER_MS);
    await pause(ASK_MS);
  }
  times.sort((a, b) => a - b);
  const status = await readFile(`/proc/${running.pid}/status`, 'utf8').catch(() => '');
  const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return {
    program,
    peakMb: Number(peak ?? Number.NaN) / 1_024,
    p99Ms: times[Math.floor(0.99 * (times.length - 1))] ?? Number.NaN,
    isRunning: peak !== undefined,
    says: lastWarning(running.output.slice(logged)),
  };
}

/** What a warning about a hostile peer names. */
const PEERS = /hostile\.sock|OVN_Northbound|breth0: |127\.0\.0\.1:\d{2}/;

/**
 * Returns the text of the last warning about a peer in lines such as
 * `2026-01-01T00:00:00.000Z|00007|ovsdb|WARN|unix:…: connection lost`.
 */
function lastWarning(log: string): string {
  const warnings = log.split('\n').filter((line) => /\|(WARN|ERR|EMER)\|/.test(line) && PEERS.test(line));
  return (warnings.at(-1) ?? '').split('|').slice(4).join('|');
}
