import type { Log } from '../daemon/log.js';
import { Loop } from '../daemon/loop.js';
import { Problems } from '../daemon/problems.js';
import type { ApiAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import type { Northbound } from '../ovn/connection.js';
import { Annotator } from './apply_annotations.js';
import { NorthboundKeeper } from './northbound_keeper.js';
import type { WatcherReport } from './report/status.js';
import { EndpointSource } from './sources/endpoints.js';
import { NorthboundSource } from './sources/northbound.js';
import { PodSource } from './sources/pods.js';
import { ServiceSource } from './sources/services.js';
import { Changes } from './state_changes.js';

/** Connections to the API server: 16 annotations at a time, three watches, and lists. */
const SOCKETS = 24;
/** How often everything is looked at unasked, in milliseconds. */
const AUDIT_MS = 60_000;
/** How long a failed step waits before it is repeated, in milliseconds. */
const RETRY_MS = { first: 1_000, most: 1_000 };

/** One API server and one northbound database that are followed. */
export interface Followed {
  /** Whether the API server answers. */
  isAnswering(): boolean;
  report(): WatcherReport;
}

/** Follows an API server and a northbound database until `signal` is aborted; closes both. */
export async function follow(
  access: ApiAccess,
  nb: Northbound,
  log: Log,
  signal: AbortSignal,
  started: (followed: Followed) => void,
): Promise<void> {
  const api = new KubeApi(access, { sockets: SOCKETS });
  const problems = new Problems(log);
  const loop = new Loop({ auditMs: AUDIT_MS, retryMs: RETRY_MS, problems });
  const changes = new Changes(loop.ring);
  const options = { api, changes, log, problems };
  const pods = new PodSource(options);
  const services = new ServiceSource(options);
  const endpoints = new EndpointSource(options);
  const northbound = new NorthboundSource(nb, changes);
  const annotator = new Annotator({ api, problems, signal });
  const { ports } = northbound;
  const keeper = new NorthboundKeeper({ nb, pods, services, endpoints, ports, annotator, changes, problems });
  started({
    isAnswering: () => [pods, services, endpoints].every(({ problem }) => problem === undefined),
    report: () => ({
      counts: keeper.counts,
      totals: {
        looks: loop.totals.steps,
        transactions: keeper.transactions,
        failures: loop.totals.failures,
      },
      problems: problems.current,
    }),
  });
  try {
    const sources = [northbound, pods, services, endpoints];
    await Promise.all([...sources.map((source) => source.run(signal)), loop.run(keeper, signal)]);
  } finally {
    nb.close();
    api.close();
  }
}
