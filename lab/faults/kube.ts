import { setTimeout as pause } from 'node:timers/promises';
import { serviceManifest } from '../manifests.js';
import { until } from '../until.js';
import { untilBalanced } from './balanced.js';
import type { Fault } from './fault.js';
import type { FaultStage } from './stage.js';

const AWAY_MS = 15_000;
const NODE_PORT = 30_097;
const CUTS = 15;
const CUT_EACH_MS = 1_000;

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
    name: 'API server cut off each second',
    subject: 'API server',
    what: `Every connection to the API server is reset each second, ${CUTS} times, while a service is created and deleted.`,
    promise: 'The service is served while connections last a second only, and no longer than it is there.',
    lastsMs: 0,
    inject: async (stage) => {
      const { cluster, kubernetes } = stage;
      const cutting = (async () => {
        for (let cuts = 0; cuts < CUTS; cuts++) {
          await cutConnections(stage);
          await pause(CUT_EACH_MS);
        }
      })();
      const ports = [{ port: 80, nodePort: NODE_PORT }];
      const change = (work: () => Promise<unknown>) =>
        until(
          'kubectl between two cuts',
          () =>
            work().then(
              () => true,
              () => undefined,
            ),
          AWAY_MS,
        );
      await change(() => kubernetes.apply(serviceManifest('brief', { type: 'NodePort', ports })));
      await untilBalanced(cluster, NODE_PORT, true);
      await change(() => kubernetes.kubectl('delete', '--ignore-not-found', 'service', 'brief'));
      await cutting;
    },
    heal: ({ cluster }) => untilBalanced(cluster, NODE_PORT, false),
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

/** Resets every connection to the API server, as a load balancer before it does that restarts. */
async function cutConnections({ cluster }: FaultStage): Promise<void> {
  await cluster.master.host.exec(['ss', '--kill', '--tcp', '--numeric', 'sport = :6443']);
}
