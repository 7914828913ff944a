import { serviceManifest } from '../manifests.js';
import { untilBalanced } from './balanced.js';
import type { Fault } from './fault.js';
import { NorthboundCluster } from './northbound_cluster.js';
import type { FaultStage } from './stage.js';

const NODE_PORT = 30_098;
const SERVICE = serviceManifest('elected', { type: 'NodePort', ports: [{ port: 80, nodePort: NODE_PORT }] });

/** The cluster of a stage, and its member that is away. */
const clusters = new WeakMap<FaultStage, { readonly servers: NorthboundCluster; readonly away: number }>();

/** Members of a clustered northbound database that are lost while a service is created. */
export const RAFT_FAULTS: readonly Fault[] = (['follower', 'leader'] as const).map((role) => ({
  name: `RAFT ${role} lost`,
  subject: 'OVN',
  what: `The ${role} of a northbound database of three servers is killed (SIGKILL). A service is created; then the server starts again.`,
  promise: 'The service is written while the server is away.',
  lastsMs: 0,
  inject: async (stage) => {
    const servers = await NorthboundCluster.replace(stage.cluster);
    const away = await servers.memberThat(role === 'leader');
    clusters.set(stage, { servers, away });
    await servers.kill(away);
    await stage.kubernetes.apply(SERVICE);
    await untilBalanced(stage.cluster, NODE_PORT, true, (...args) => servers.nbctl(...args));
  },
  heal: async (stage) => {
    const { servers, away } = clusters.get(stage) ?? {};
    if (servers === undefined || away === undefined) return;
    await servers.start(away);
    await stage.kubernetes.kubectl('delete', 'service', 'elected');
    await untilBalanced(stage.cluster, NODE_PORT, false, (...args) => servers.nbctl(...args));
    await servers.undo();
  },
}));
