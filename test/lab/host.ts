import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.js';
import type { Namespace, Outcome } from './namespace.js';
import { accepting, SCHEMAS } from './ovsdb_server.js';
import { executable } from './project.js';

/** A host of the lab: a namespace with an Open vSwitch of its own. */
export interface Host {
  readonly label: string;
  readonly net: Namespace;
  readonly dir: string;
  /** `unix:` of the local switch's database. */
  readonly db: string;
  /** Runs one of the product's executables to its end. */
  run(program: string, args: readonly string[]): Promise<Outcome>;
  vsctl(...args: readonly string[]): Promise<string>;
  ofctl(...args: readonly string[]): Promise<string>;
  appctl(...args: readonly string[]): Promise<string>;
  /** Kills ovs-vswitchd as a crash would, by its pid. */
  killSwitch(): Promise<void>;
  startSwitch(): Promise<void>;
}

/**
 * Starts a host: `ovsdb-server` and `ovs-vswitchd` with the userspace datapath, in directories of its own.
 * Debian's ovs-vswitchd 3.1 sometimes aborts in that datapath; tests that outlive this ask for `monitor`.
 */
export async function startHost(lab: Lab, label: string, { monitor = false } = {}): Promise<Host> {
  const dir = join(lab.dir, label);
  mkdirSync(join(dir, 'openvswitch'), { recursive: true });
  const env = {
    // Not npm's: its node_modules/.bin has an `nft` that is no nftables.
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    OVS_RUNDIR: dir,
    OVS_LOGDIR: dir,
    OVS_DBDIR: dir,
    OVS_SYSCONFDIR: dir,
    OVN_RUNDIR: dir,
    OVN_LOGDIR: dir,
    OVN_DBDIR: dir,
  };
  const net = await lab.namespace(label, env);
  const socket = join(dir, 'db.sock');
  const db = `unix:${socket}`;
  await net.exec(['ovsdb-tool', 'create', join(dir, 'conf.db'), SCHEMAS.Open_vSwitch]);
  const background = [
    '--detach',
    '--pidfile',
    '--log-file',
    '-vconsole:off',
    ...(monitor ? ['--monitor'] : []),
  ];
  await net.exec(['ovsdb-server', join(dir, 'conf.db'), `--remote=punix:${socket}`, ...background]);
  await net.exec(['ovs-vsctl', `--db=${db}`, '--no-wait', 'init']);
  const startSwitch = async () => {
    await net.exec(['ovs-vswitchd', db, '--disable-system', ...background]);
  };
  await startSwitch();
  return {
    label,
    net,
    dir,
    db,
    run: (program, args) => net.attempt([process.execPath, executable(program), ...args]),
    vsctl: (...args) => net.exec(['ovs-vsctl', `--db=${db}`, '--timeout=10', ...args]),
    ofctl: (...args) => net.exec(['ovs-ofctl', ...args]),
    appctl: (...args) => net.exec(['ovs-appctl', '--timeout=10', ...args]),
    killSwitch: async () => {
      await net.exec(['kill', '-KILL', readFileSync(join(dir, 'ovs-vswitchd.pid'), 'utf8').trim()]);
    },
    startSwitch,
  };
}

/** Waits until a bridge's management socket accepts connections. */
export async function bridgeAnswers(host: Host, bridge: string): Promise<void> {
  await accepting(join(host.dir, `${bridge}.mgmt`));
}
