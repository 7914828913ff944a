import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { killNorthbound, restartNorthbound, restartSouthbound, startController } from '../central.js';
import type { Cluster } from '../cluster.js';
import { serviceManifest } from '../manifests.js';
import { until, when } from '../until.js';
import { kill } from './daemons.js';
import type { Fault } from './fault.js';

/** How long the watcher may take to see that rows are missing, in milliseconds. */
const REWRITE_MS = 20_000;

/** Faults of OVN's daemons and databases. */
export const OVN_FAULTS: readonly Fault[] = [
  {
    name: 'ovn-controller killed',
    subject: 'OVN',
    what: '`ovn-controller` of the gateway is killed (SIGKILL) and starts again after 2 s.',
    promise: 'Flows of br-int stay.',
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
      await balanced(cluster, true);
      await killNorthbound(host);
      await rename(backup, file);
      await restartNorthbound(host);
    },
    heal: async ({ cluster, kubernetes }) => {
      await balanced(cluster, true);
      await kubernetes.kubectl('delete', 'service', 'later');
      await balanced(cluster, false);
    },
  },
];

/** Waits until the northbound database has the later service, or not. */
async function balanced(cluster: Cluster, isThere: boolean): Promise<void> {
  const vips = () => cluster.nbctl('--bare', '--columns=vips', 'list', 'Load_Balancer');
  await until(
    `load balancers ${isThere ? 'with' : 'without'} the later service`,
    async () => when((await vips().catch(() => '')).includes(':30099') === isThere),
    REWRITE_MS,
  );
}
