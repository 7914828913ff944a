import type { Cluster } from '../cluster.js';
import { until, when } from '../until.js';

/** How long the watcher may take to see a change, in milliseconds. */
const FOLLOW_MS = 30_000;

/** Waits until the northbound database has load balancers for a node port, or none. */
export async function untilBalanced(
  cluster: Cluster,
  nodePort: number,
  isThere: boolean,
  nbctl: (...args: readonly string[]) => Promise<string> = (...args) => cluster.nbctl(...args),
): Promise<void> {
  await until(
    `${isThere ? '' : 'no '}load balancers for node port ${nodePort}`,
    async () => {
      const vips = await nbctl('--bare', '--columns=vips', 'list', 'Load_Balancer').catch(() => undefined);
      return when(vips !== undefined && new RegExp(`:${nodePort}"*=`).test(vips) === isThere);
    },
    FOLLOW_MS,
  );
}
