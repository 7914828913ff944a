import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { killNorthbound, restartNorthbound, restartSouthbound, startController } from '../central.js';
import { serviceManifest } from '../manifests.js';
import { untilBalanced } from './balanced.js';
import { kill } from './daemons.js';
import type { Fault } from './fault.js';

/** Faults of OVN's daemons and databases. */
export const OVN_FAULTS: readonly Fault[] = [
  {
    name: 'ovn-controller killed',
    subject: 'OVN',
    what: '`ovn-controller` of the gateway is killed (SIGKILL) and starts again after 2 s.',
    promise: 'Flows of br-int stay while it is away. When it starts, it replaces them within a second.',
    mayCutMs: { management: 500, established: 1_000, new: 1_000, 'node port': 1_000 },
    lastsMs: 2_000,
    inject: ({ gateway }) => kill(gateway, 'ovn/ovn-controller.pid'),
    heal: ({ gateway: { host } }) => startController(host),
  },
  {
    name: 'ovn-northd killed',
    subject: 'OVN',
    what: '`ovn-northd` is killed (SIGKILL) and starts again after 2 s.',
    promise: 'Rows of both databases stay.',
    lastsMs: 2_000,
    inject: (stage) => kill(stage.node('m'), 'ovn/ovn-northd.pid'),
    heal: (stage) => stage.node('m').host.daemon('ovn-northd'),
  },
  {
    name: 'northbound away',
    subject: 'OVN',
    what: 'The northbound database is killed (SIGKILL) and starts again after 15 s.',
    promise: 'Everything works with what is known.',
    lastsMs: 15_000,
    inject: (stage) => killNorthbound(stage.node('m').host),
    heal: (stage) => restartNorthbound(stage.node('m').host),
  },
  {
    name: 'southbound away',
    subject: 'OVN',
    what: 'The southbound database is killed (SIGKILL) and starts again after 15 s.',
    promise: 'Flows of br-int stay.',
    lastsMs: 15_000,
    inject: (stage) => kill(stage.node('m'), 'ovn/ovnsb_db.pid'),
    heal: (stage) => restartSouthbound(stage.node('m').host),
  },
  {
    name: 'northbound restored from a backup',
    subject: 'OVN',
    what: 'The northbound database is replaced by its copy from before a service was created.',
    promise: 'The watcher writes what is missing.',
    lastsMs: 0,
    inject: async ({ cluster, kubernetes }) => {
      const { host } = cluster.master;
      const [file, backup] = ['ovnnb_db.db', 'ovnnb_db.backup'].map((name) => join(host.dir, name));
      if (file === undefined || backup === undefined) return;
      await copyFile(file, backup);
      await kubernetes.apply(
        serviceManifest('later', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_099 }] }),
      );
      await untilBalanced(cluster, 30_099, true);
      await killNorthbound(host);
      await rename(backup, file);
      await restartNorthbound(host);
    },
    heal: async ({ cluster, kubernetes }) => {
      await untilBalanced(cluster, 30_099, true);
      await kubernetes.kubectl('delete', 'service', 'later');
      await untilBalanced(cluster, 30_099, false);
    },
  },
];
