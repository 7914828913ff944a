import type { FaultStage } from '../../lab/faults/stage.js';
import { askTargets, type Target } from '../../lab/targets.js';
import type { World } from './history.js';

/**
 * Asks every service's node port from outside until each answer comes from one of its endpoints, or is a refusal where
 * there is none. Returns what is wrong at the deadline.
 */
export async function wrongAnswers(
  { cluster, gateway }: FaultStage,
  { services }: World,
  deadlineMs: number,
): Promise<string[]> {
  const asked = [...services.values()].filter(({ type }) => type === 'NodePort');
  const targets = asked.flatMap(({ protocol, nodePort }): Target[] =>
    [gateway.v4, gateway.v6].map((address) => ({
      protocol: protocol === 'TCP' ? 'tcp' : 'udp',
      address,
      port: nodePort,
    })),
  );
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answers = await askTargets(cluster.outside, targets);
    const wrong = answers.flatMap(({ outcome }, index) => {
      const service = asked[Math.floor(index / 2)];
      const right = service?.endpoints.length ? service.endpoints : ['refused'];
      return right.includes(outcome) ? [] : [`${service?.name} at ${targets[index]?.address}: ${outcome}`];
    });
    if (wrong.length === 0 || performance.now() > end) return wrong;
  }
}
