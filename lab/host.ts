import { symlinkSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from './lab.js';
import type { Namespace, Outcome } from './namespace.js';
import { accepting, SCHEMAS } from './ovsdb_server.js';
import { executable } from './project.js';
import type { Running } from './running.js';

/**
 * A host: a namespace with its own `ovsdb-server` and `ovs-vswitchd` (userspace datapath). All files are under `dir`.
 * OVS's tools and the product's executables find them through the environment.
 */
export class Host {
  constructor(
    readonly label: string,
    readonly dir: string,
    readonly net: Namespace,
  ) {}

  /** The remote of the local switch's database, `unix:…`. */
  get db(): string {
    return `unix:${this.rundir}/db.sock`;
  }

  /** Open vSwitch's folder of sockets and logs. */
  get rundir(): string {
    return join(this.dir, 'openvswitch');
  }

  /** The folder of what the product keeps across reboots. */
  get statedir(): string {
    return join(this.dir, 'state');
  }

  exec(argv: readonly string[], options?: { readonly input?: string }): Promise<string> {
    return this.net.exec(argv, options);
  }

  /** Runs one of the product's executables to its end; resolves with any exit code. */
  run(program: string, args: readonly string[]): Promise<Outcome> {
    return this.net.attempt([process.execPath, executable(program), ...args]);
  }

  /** Runs a line as an operator types it in /etc/openvswitch, with the product's executables in the path. */
  operate(line: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const [, program] = /^(ovn-k8s-[\w-]+)/.exec(line) ?? [];
    const typed =
      program === undefined ? line : line.replace(program, `${process.execPath} ${executable(program)}`);
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return this.net.attempt(['env', '-C', '/etc/openvswitch', ...variables, 'bash', '-c', typed]);
  }

  /** Starts one of the product's executables in the foreground and leaves it running. */
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

  /** Starts the database; resolves when it accepts connections. */
  async startDatabase(): Promise<void> {
    await this.daemon('ovsdb-server', join(this.dir, 'conf.db'), `--remote=punix:${this.rundir}/db.sock`);
  }

  /** Starts the switch; resolves when it has applied the database. */
  async startSwitch(): Promise<void> {
    await this.daemon('ovs-vswitchd', '--disable-system', '--monitor');
  }

  /**
   * Sends a signal to ovs-vswitchd. After `SIGKILL` the switch stays away until `startSwitch`. After `SIGABRT` its
   * monitor process restarts it at once.
   */
  async killSwitch(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    process.kill(Number(await readFile(join(this.rundir, 'ovs-vswitchd.pid'), 'utf8')), signal);
  }

  /** Returns how often ovs-vswitchd crashed. Debian's OVS 3.1 sometimes does under NATed connections. */
  async switchCrashes(): Promise<number> {
    const log = await readFile(join(this.rundir, 'ovs-vswitchd.log'), 'utf8');
    return log.match(/ died, killed \(/g)?.length ?? 0;
  }

  /** Starts a daemon of OVS or OVN as Debian's scripts do; resolves when it is ready. */
  async daemon(program: string, ...args: readonly string[]): Promise<void> {
    await this.exec([program, ...args, '--pidfile', '--log-file', '--detach', '-vconsole:off']);
  }
}

/** Starts a host with an empty Open vSwitch and no links. */
export async function startHost(lab: Lab, label: string): Promise<Host> {
  const dir = join(lab.dir, label);
  const [ovs, ovn] = [join(dir, 'openvswitch'), join(dir, 'ovn')];
  await Promise.all([ovs, ovn, join(dir, 'etc/openvswitch')].map((path) => mkdir(path, { recursive: true })));
  const net = await lab.namespace(label, {
    OVS_RUNDIR: ovs,
    OVS_LOGDIR: ovs,
    OVS_DBDIR: dir,
    OVS_SYSCONFDIR: join(dir, 'etc'),
    OVN_K8S_STATEDIR: join(dir, 'state'),
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
