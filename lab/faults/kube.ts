import { serviceManifest } from '../manifests.js';
import { untilBalanced } from './balanced.js';
import type { Fault } from './fault.js';

const AWAY_MS = 15_000;
const NODE_PORT = 30_097;

/** Faults of the API server and of its store. */
export const KUBE_FAULTS: readonly Fault[] = [
  {
    name: 'API server away',
    subject: 'API server',
    what: `The API server is killed (SIGKILL) and starts again after ${AWAY_MS / 1000} s.`,
    promise: 'Everything works with what is known.',
    lastsMs: AWAY_MS,
    inject: ({ kubernetes }) => kubernetes.stopServer(),
    heal: ({ kubernetes }) => kubernetes.startServer(),
  },
  {
    name: 'API server hangs',
    subject: 'API server',
    what: `The API server stops (SIGSTOP) for ${AWAY_MS / 1000} s: connections stay open, and nothing is answered.`,
    promise: 'Everything works with what is known.',
    lastsMs: AWAY_MS,
    inject: async ({ kubernetes }) => kubernetes.signal('SIGSTOP'),
    heal: async ({ kubernetes }) => kubernetes.signal('SIGCONT'),
  },
  {
    name: 'etcd restored from a backup',
    subject: 'API server',
    what: 'The store of the API server is replaced by its copy from before a service was created: versions go back.',
    promise: 'Rows of the service are deleted.',
    lastsMs: 0,
    inject: async ({ cluster, kubernetes }) => {
      await kubernetes.backUp();
      const ports = [{ port: 80, nodePort: NODE_PORT }];
      await kubernetes.apply(serviceManifest('forgotten', { type: 'NodePort', ports }));
      await untilBalanced(cluster, NODE_PORT, true);
      await kubernetes.restore();
    },
    heal: ({ cluster }) => untilBalanced(cluster, NODE_PORT, false),
  },
];
