import { symlinkSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from './lab.js';
import type { Namespace, Outcome } from './namespace.js';
import { accepting, SCHEMAS } from './ovsdb_server.js';
import { executable } from './project.js';
import type { Running } from './running.js';

/**
 * A machine: a namespace with an `ovsdb-server` and an `ovs-vswitchd` of its own, userspace datapath, whose
 * files are all under `dir`. OVS's tools and the product's executables find them through the environment.
 */
export class Host {
  constructor(
    readonly label: string,
    readonly dir: string,
    readonly net: Namespace,
  ) {}

  /** `unix:` of the local switch's database. */
  get db(): string {
    return `unix:${this.rundir}/db.sock`;
  }

  /** Where Open vSwitch has its sockets and logs. */
  get rundir(): string {
    return join(this.dir, 'openvswitch');
  }

  exec(argv: readonly string[], options?: { readonly input?: string }): Promise<string> {
    return this.net.exec(argv, options);
  }

  /** Runs one of the product's executables to its end, whatever its exit code. */
  run(program: string, args: readonly string[]): Promise<Outcome> {
    return this.net.attempt([process.execPath, executable(program), ...args]);
  }

  /** Runs a line as an operator types it in /etc/openvswitch, the product's executables by their names. */
  operate(line: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const [, program] = /^(ovn-k8s-[\w-]+)/.exec(line) ?? [];
    const typed =
      program === undefined ? line : line.replace(program, `${process.execPath} ${executable(program)}`);
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return this.net.attempt(['env', '-C', '/etc/openvswitch', ...variables, 'bash', '-c', typed]);
  }

  /** Starts one of the product's executables in the foreground, and leaves it running. */
  spawn(program: string, args: readonly string[]): Running {
    return this.net.spawn([process.execPath, executable(program), ...args]);
  }

  vsctl(...args: readonly string[]): Promise<string> {
    return this.exec(['ovs-vsctl', '--timeout=10', ...args]);
  }

  ofctl(...args: readonly string[]): Promise<string> {
    return this.exec(['ovs-ofctl', ...args]);
  }

  appctl(...args: readonly string[]): Promise<string> {
    return this.exec(['ovs-appctl', '--timeout=10', ...args]);
  }

  /** Answers when the database accepts connections. */
  async startDatabase(): Promise<void> {
    await this.daemon('ovsdb-server', join(this.dir, 'conf.db'), `--remote=punix:${this.rundir}/db.sock`);
  }

  /** Answers when the switch has done what the database says. */
  async startSwitch(): Promise<void> {
    await this.daemon('ovs-vswitchd', '--disable-system', '--monitor');
  }

  /**
   * Ends ovs-vswitchd, by its pid: with `SIGKILL` it stays away, as after a crash, until `startSwitch`; after
   * `SIGABRT` its monitor starts it again at once.
   */
  async killSwitch(signal: 'SIGTERM' | 'SIGKILL' | 'SIGABRT' = 'SIGKILL'): Promise<void> {
    process.kill(Number(await readFile(join(this.rundir, 'ovs-vswitchd.pid'), 'utf8')), signal);
  }

  /** How often ovs-vswitchd crashed; Debian's 3.1 does so now and then with NATed connections. */
  async switchCrashes(): Promise<number> {
    const log = await readFile(join(this.rundir, 'ovs-vswitchd.log'), 'utf8');
    return log.match(/ died, killed \(/g)?.length ?? 0;
  }

  /** Starts one of the daemons of OVS or OVN as Debian's scripts do; answers when it is ready. */
  async daemon(program: string, ...args: readonly string[]): Promise<void> {
    await this.exec([program, ...args, '--pidfile', '--log-file', '--detach', '-vconsole:off']);
  }
}

/** A host with an empty Open vSwitch; it has no links yet. */
export async function startHost(lab: Lab, label: string): Promise<Host> {
  const dir = join(lab.dir, label);
  const [ovs, ovn] = [join(dir, 'openvswitch'), join(dir, 'ovn')];
  await Promise.all([ovs, ovn, join(dir, 'etc/openvswitch')].map((path) => mkdir(path, { recursive: true })));
  const net = await lab.namespace(label, {
    OVS_RUNDIR: ovs,
    OVS_LOGDIR: ovs,
    OVS_DBDIR: dir,
    OVS_SYSCONFDIR: join(dir, 'etc'),
    OVN_RUNDIR: ovn,
    OVN_LOGDIR: ovn,
    OVN_DBDIR: dir,
    OVN_SYSCONFDIR: join(dir, 'etc'),
  });
  symlinkSync(join(dir, 'etc/openvswitch'), `/etc/netns/${net.name}/openvswitch`);
  const host = new Host(label, dir, net);
  await host.exec(['ovsdb-tool', 'create', join(dir, 'conf.db'), SCHEMAS.Open_vSwitch]);
  await host.startDatabase();
  await host.vsctl('--no-wait', 'init', '--', 'set', 'Open_vSwitch', '.', `external_ids:system-id=${label}`);
  await host.startSwitch();
  return host;
}

/** Waits until a bridge's management socket accepts connections. */
export async function bridgeAnswers(host: Host, bridge: string): Promise<void> {
  await accepting(join(host.rundir, `${bridge}.mgmt`));
}
