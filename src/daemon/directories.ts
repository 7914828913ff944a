import { join } from 'node:path';

/**
 * The directories in which Open vSwitch's own tools look for sockets, logs and configuration (lib/dirs.c;
 * ovs-vswitchd(8), "FILES").
 */
export interface Directories {
  readonly run: string;
  readonly log: string;
  /** Where the units of our Debian package write the logs of our daemons. */
  readonly packageLog: string;
  /** Where our commands keep what must outlive a reboot. */
  readonly state: string;
  /** Ends with `openvswitch`, which OVS appends too. */
  readonly sysconf: string;
  readonly ovnRun: string;
  readonly ovnLog: string;
}

/** Returns the directories that `env` names, else those of Debian's packages. */
export function directories(env: NodeJS.ProcessEnv): Directories {
  return {
    run: env.OVS_RUNDIR || '/var/run/openvswitch',
    log: env.OVS_LOGDIR || '/var/log/openvswitch',
    packageLog: env.OVS_LOGDIR || '/var/log/ovn-k8s-gateway',
    state: env.OVN_K8S_STATEDIR || '/var/lib/ovn-k8s-gateway',
    sysconf: join(env.OVS_SYSCONFDIR || '/etc', 'openvswitch'),
    ovnRun: env.OVN_RUNDIR || '/var/run/ovn',
    ovnLog: env.OVN_LOGDIR || '/var/log/ovn',
  };
}

/** Returns the default of `--db`: the database of the local switch. */
export function localDatabase(env: NodeJS.ProcessEnv): string {
  return `unix:${join(directories(env).run, 'db.sock')}`;
}
