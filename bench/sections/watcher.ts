import { endpointsManifest, podManifest, serviceManifest } from '../../lab/manifests.js';
import { until, when } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import type { ApiEvent, Request } from '../lab/api.js';
import { CentralNode, NODE } from '../lab/central_node.js';
import { timePortsByHand, timePortWrites, withoutPods } from '../lab/port_writes.js';

const PODS = 2000;
const SERVICES = 2000;
const ENDPOINTS = 10;
const ROUNDS = 3;
const NAMESPACE = '/api/v1/namespaces/default';

export const watcher: Section = {
  name: 'watcher',
  about: [
    "A real API server and a real northbound database with ovn-northd. The rows of pods: a transaction's time until its",
    "reply, per pod, compared with the original's ovn-nbctl processes for one pod, which add the port with its addresses,",
    "read the switch's gateway, and read the assigned addresses.",
    `${PODS} pods that exist when the watcher starts: time from its start until the last pod is annotated, as another watch`,
    `of the API server reports it, compared with ${PODS} PATCH requests over 16 connections.`,
    `${SERVICES} services with ${ENDPOINTS} endpoints each that exist when the watcher starts: time from its log line about the`,
    'last list until the northbound database has the last service.',
  ],

  async measure(): Promise<Report> {
    const central = await CentralNode.start();
    const byHand = await timePortsByHand(central, 100);
    const writes = await timePortWrites(central, PODS, ROUNDS);
    const { annotated, patched } = await annotatePods(central);
    const balanced = await balanceServices(central);
    central.dispose();

    const nbctl: Figure = { name: 'ovn-nbctl, per pod', unit: 'ms', samples: byHand };
    const patches: Figure = { name: `${PODS} PATCH requests`, unit: 'ms', samples: patched };
    return {
      figures: [
        nbctl,
        {
          name: 'transactions, per pod',
          unit: 'ms',
          samples: writes,
          to: nbctl,
          targets: [{ of: 'median', as: 'ratio', atMost: 1 / 50 }],
        },
        patches,
        {
          name: `${PODS} pods annotated`,
          unit: 'ms',
          samples: annotated,
          to: patches,
          targets: [{ of: 'median', as: 'ratio', atMost: 2 }],
        },
        {
          name: `${SERVICES} services in the database`,
          unit: 'ms',
          samples: balanced,
          targets: [{ of: 'p99', as: 'value', atMost: 2000 }],
        },
      ],
    };
  },
};

async function annotatePods({ api, nb, host, startWatcher }: CentralNode) {
  const names = Array.from({ length: PODS }, (_, i) => `pod-${i}`);
  await api.send(names.map((name): Request => ['POST', `${NAMESPACE}/pods`, podManifest(name, NODE)]));
  const annotated: number[] = [];
  const patched: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    patched.push(await api.send(annotations(names, { bench: `a value of some length, number ${round}` })));
    const watch = await api.watch('/api/v1/pods');
    const start = performance.timeOrigin + performance.now();
    const running = await startWatcher();
    const last = await until('all pods annotated', () => lastOf(watch.events), 120_000);
    annotated.push(last - start);
    watch.close();
    await running.stop();
    await withoutPods({ host, nb }, PODS);
    await api.send(annotations(names, { ovn: null }));
  }
  await api.send(names.map((name): Request => ['DELETE', `${NAMESPACE}/pods/${name}?gracePeriodSeconds=0`]));
  return { annotated, patched };
}

/** Returns when the last pod was annotated, or `undefined` while a pod is not. */
function lastOf(events: readonly ApiEvent[]): number | undefined {
  if (events.length < PODS) return undefined;
  const annotated = events.filter((event) => event.annotated);
  const isAll = new Set(annotated.map(({ name }) => name)).size === PODS;
  return isAll ? Math.max(...annotated.map(({ at }) => at)) : undefined;
}

function annotations(names: readonly string[], values: object): Request[] {
  return names.map((name) => ['PATCH', `${NAMESPACE}/pods/${name}`, { metadata: { annotations: values } }]);
}

async function balanceServices({ api, nb, host, startWatcher }: CentralNode): Promise<number[]> {
  const ports = [{ port: 80 }];
  await api.send(
    Array.from({ length: SERVICES }, (_, i): Request[] => {
      const endpoints = Array.from({ length: ENDPOINTS }, (_unused, k) => ({
        ip: `10.244.${100 + (i % 100)}.${10 + k}`,
      }));
      return [
        ['POST', `${NAMESPACE}/services`, serviceManifest(`service-${i}`, { ports })],
        ['POST', `${NAMESPACE}/endpoints`, endpointsManifest(`service-${i}`, { port: 8080 }, endpoints)],
      ];
    }).flat(),
  );
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const running = await startWatcher();
    const last = await nb.until(
      () => (balancedVips(nb) >= SERVICES ? performance.timeOrigin + performance.now() : undefined),
      { timeoutMs: 60_000, what: 'all services in the database' },
    );
    const lists = [...running.output.matchAll(/^(\S+?)\|.*: \d+ listed$/gm)].map(([, at = '']) =>
      Date.parse(at),
    );
    times.push(last - Math.max(...lists));
    await running.stop();
    await host.exec(['ovn-nbctl', '--all', 'destroy', 'Load_Balancer']);
    await until('no virtual addresses', () => when(balancedVips(nb) === 0));
  }
  return times;
}

/** Counts the virtual addresses that have endpoints. */
function balancedVips(nb: CentralNode['nb']): number {
  let count = 0;
  for (const { vips } of nb.table('Load_Balancer').values())
    for (const targets of vips.values()) if (targets !== '') count += 1;
  return count;
}
