import test from 'ava';
import { directories, localDatabase } from '../../src/daemon/directories.js';

test('directories come from the environment, else from the packages', (t) => {
  t.deepEqual(directories({}), {
    run: '/var/run/openvswitch',
    log: '/var/log/openvswitch',
    packageLog: '/var/log/ovn-k8s-gateway',
    state: '/var/lib/ovn-k8s-gateway',
    sysconf: '/etc/openvswitch',
    ovnRun: '/var/run/ovn',
    ovnLog: '/var/log/ovn',
  });
  const env = {
    OVS_RUNDIR: '/r',
    OVS_LOGDIR: '/l',
    OVS_SYSCONFDIR: '/c',
    OVN_K8S_STATEDIR: '/s',
    OVN_RUNDIR: '/n',
    OVN_LOGDIR: '/o',
  };
  t.deepEqual(directories(env), {
    run: '/r',
    log: '/l',
    packageLog: '/l',
    state: '/s',
    sysconf: '/c/openvswitch',
    ovnRun: '/n',
    ovnLog: '/o',
  });
});

test('the local database is a socket in the run directory', (t) => {
  t.is(localDatabase({ OVS_RUNDIR: '/r' }), 'unix:/r/db.sock');
});
