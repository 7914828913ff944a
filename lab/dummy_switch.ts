import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { accepting, SCHEMAS } from './ovsdb_server.js';

/** The bridge of a {@link DummySwitch}, with ports 1 to 4. */
export const BRIDGE = 'br0';
const PORTS = [1, 2, 3, 4];

type Child = ReturnType<typeof launch>;

/**
 * A real `ovs-vswitchd` with its own database and directory, on the dummy datapath of OVS's own tests. It speaks all of
 * OpenFlow, forwards no packets, and needs neither a namespace nor root.
 */
export class DummySwitch {
  private database: Child | undefined;
  private vswitchd: Child | undefined;

  private constructor(readonly rundir: string) {}

  /** Starts a switch. `protocols` is that column of the Bridge row: the versions of OpenFlow that it speaks. */
  static async start(protocols = '[]'): Promise<DummySwitch> {
    const one = new DummySwitch(await mkdtemp(join(tmpdir(), 'switch-')));
    const file = join(one.rundir, 'conf.db');
    await execa('ovsdb-tool', ['create', file, SCHEMAS.Open_vSwitch]);
    one.database = launch('ovsdb-server', one.rundir, [file, `--remote=p${one.db}`]);
    await accepting(join(one.rundir, 'db.sock'));
    await one.vsctl('--no-wait', 'init');
    await one.startSwitch('--no-wait', ...ports(protocols));
    return one;
  }

  get socket(): string {
    return join(this.rundir, `${BRIDGE}.mgmt`);
  }

  /** The control socket of ovs-vswitchd. */
  get control(): string {
    return join(this.rundir, 'ovs-vswitchd.ctl');
  }

  /** The process ID of ovs-vswitchd. */
  get pid(): number {
    if (this.vswitchd?.pid === undefined) throw new Error('ovs-vswitchd does not run');
    return this.vswitchd.pid;
  }

  /** Makes `change` in the database, then starts ovs-vswitchd. */
  async startSwitch(...change: readonly string[]): Promise<void> {
    if (change.length > 0) await this.vsctl(...change);
    this.vswitchd = launch('ovs-vswitchd', this.rundir, [
      ...['--enable-dummy=override', '--disable-system', `unix:${join(this.rundir, 'db.sock')}`],
    ]);
    await accepting(this.socket);
  }

  /** Kills ovs-vswitchd, as a crash would. */
  async killSwitch(): Promise<void> {
    this.vswitchd?.kill('SIGKILL');
    await this.vswitchd;
  }

  async ofctl(...args: readonly string[]): Promise<string> {
    const [command = '', ...rest] = args;
    const { stdout } = await execa('ovs-ofctl', ['--no-names', command, `unix:${this.socket}`, ...rest]);
    return stdout;
  }

  /** Returns all flows of the bridge, sorted, without counters and durations. */
  async dump(): Promise<string[]> {
    const { stdout } = await execa('ovs-ofctl', [
      ...['-O', 'OpenFlow14', '--no-names', '--no-stats', 'dump-flows', `unix:${this.socket}`],
    ]);
    return stdout
      .replaceAll('reset_counts ', '')
      .split('\n')
      .filter((line) => line.includes('actions='))
      .toSorted();
  }

  async vsctl(...args: readonly string[]): Promise<void> {
    await execa('ovs-vsctl', ['--timeout=10', `--db=${this.db}`, ...args]);
  }

  async dispose(): Promise<void> {
    this.vswitchd?.kill('SIGKILL');
    this.database?.kill('SIGKILL');
    await Promise.all([this.vswitchd, this.database]);
    await rm(this.rundir, { recursive: true });
  }

  private get db(): string {
    return `unix:${join(this.rundir, 'db.sock')}`;
  }
}

/** Starts a program that the kernel kills with this process, so that a killed test leaves nothing behind. */
function launch(program: string, rundir: string, args: readonly string[]) {
  const control = `--unixctl=${join(rundir, `${program}.ctl`)}`;
  const argv = ['--pdeathsig', 'KILL', program, ...args, control, '--no-chdir', '-vconsole:off'];
  return execa('setpriv', argv, { reject: false, stdin: 'ignore', env: { OVS_RUNDIR: rundir } });
}

function ports(protocols: string): string[] {
  const bridge = ['set', 'Bridge', BRIDGE, 'datapath_type=dummy', `protocols=${protocols}`];
  return [
    ...['add-br', BRIDGE, '--', ...bridge, 'fail-mode=standalone'],
    ...PORTS.flatMap((port) => [
      ...['--', 'add-port', BRIDGE, `p${port}`],
      ...['--', 'set', 'Interface', `p${port}`, 'type=dummy', `ofport_request=${port}`],
    ]),
  ];
}
