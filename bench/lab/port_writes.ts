import { podManifest } from '../../lab/manifests.js';
import { until, when } from '../../lab/until.js';
import type { Pod } from '../../src/kube/kinds.js';
import { reconcilePods } from '../../src/watcher/apply_pod_ports.js';
import { PortIndex } from '../../src/watcher/state_ports.js';
import { timeProcess } from '../processes.js';
import { type CentralNode, NODE } from './central_node.js';

/** The number of pods in one transaction, the watcher's maximum. */
const AT_ONCE = 500;

/** Measures the original's commands for one pod, in milliseconds, one right after the other. */
export async function timePortsByHand({ host, nb }: CentralNode, pods: number): Promise<number[]> {
  const env = { ...process.env, ...host.net.env };
  const nbctl = (...args: string[]) => timeProcess(['ovn-nbctl', ...args], { env });
  const times = Array.from({ length: pods }, (_, i) => {
    const name = `default_by-hand-${i}`;
    return (
      nbctl(
        ...['--', '--may-exist', 'lsp-add', NODE, name, '--', 'lsp-set-addresses', name, 'dynamic'],
        ...[
          '--',
          'set',
          'Logical_Switch_Port',
          name,
          'external-ids:namespace=default',
          'external-ids:pod=true',
        ],
      ) +
      nbctl('--if-exists', 'get', 'Logical_Switch', NODE, 'external_ids:gateway_ip') +
      nbctl('get', 'Logical_Switch_Port', name, 'dynamic_addresses')
    );
  });
  await withoutPods({ host, nb }, pods);
  return times;
}

/** Measures the product's transactions for `pods` new pods, in milliseconds per pod. */
export async function timePortWrites(
  { host, nb }: CentralNode,
  pods: number,
  rounds: number,
): Promise<number[]> {
  const all = new Map(
    Array.from({ length: pods }, (_, i) => [`default/pod-${i}`, podManifest(`pod-${i}`, NODE) as Pod]),
  );
  const keys = [...all.keys()];
  const index = new PortIndex();
  index.load(nb);
  const forget = nb.onChange((changes) => index.apply(changes));
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    for (let from = 0; from < pods; from += AT_ONCE) {
      const txn = nb.transaction('bench');
      reconcilePods(index, txn, keys.slice(from, from + AT_ONCE), (key) => all.get(key));
      await txn.commit();
    }
    times.push((performance.now() - began) / pods);
    await withoutPods({ host, nb }, pods);
  }
  forget();
  return times;
}

/** Deletes the ports of all pods; `count` is their number. */
export async function withoutPods(
  { host, nb }: Pick<CentralNode, 'host' | 'nb'>,
  count: number,
): Promise<void> {
  const pods = () => nb.filter('Logical_Switch_Port', ({ external_ids }) => external_ids.has('pod'));
  await until('the ports to arrive', () => when(pods().length === count), 60_000);
  await host.exec(['ovn-nbctl', ...pods().flatMap(({ _uuid }) => ['--', 'lsp-del', _uuid])]);
  await until('no ports of pods', () => when(pods().length === 0), 60_000);
}
