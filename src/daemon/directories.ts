import { join } from 'node:path';

/** Where Open vSwitch's own tools look for sockets, logs and configuration (lib/dirs.c; ovs-vswitchd(8), "FILES"). */
export interface Directories {
  readonly run: string;
  readonly log: string;
  /** With `openvswitch` at its end, as OVS itself appends it. */
  readonly sysconf: string;
  readonly ovnRun: string;
  readonly ovnLog: string;
}

/** The directories that `env` names, else those of Debian's packages. */
export function directories(env: NodeJS.ProcessEnv): Directories {
  return {
    run: env.OVS_RUNDIR || '/var/run/openvswitch',
    log: env.OVS_LOGDIR || '/var/log/openvswitch',
    sysconf: join(env.OVS_SYSCONFDIR || '/etc', 'openvswitch'),
    ovnRun: env.OVN_RUNDIR || '/var/run/ovn',
    ovnLog: env.OVN_LOGDIR || '/var/log/ovn',
  };
}

/** The local switch's database, unless `--db` names another. */
export function localDatabase(env: NodeJS.ProcessEnv): string {
  return `unix:${join(directories(env).run, 'db.sock')}`;
}
