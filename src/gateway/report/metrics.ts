import { countByClass } from '../../demux/counters.js';
import type { InstalledFlow } from '../../openflow/flow.js';
import { sizeOf } from '../state_port_fill.js';
import type { Status } from './status.js';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | bigint;
}

/** Returns `metrics/show`: the facts of `status` and `demux/show`, in the text format of Prometheus. */
export function formatMetrics(
  { synced, problems, totals, fill, neighbours }: Status,
  installed: readonly InstalledFlow[],
): string {
  const counts = [...countByClass(installed)];
  const byClass = (count: 'packets' | 'bytes'): Sample[] =>
    counts.map(([name, of]) => ({ labels: { class: name }, value: of[count] }));
  const one = (value: number): Sample[] => [{ value }];
  const fills = fill === undefined ? [] : [fill];
  return [
    counter('class_packets_total', 'Packets of a class, by the counters of its flows.', byClass('packets')),
    counter('class_bytes_total', 'Bytes of a class, by the counters of its flows.', byClass('bytes')),
    gauge(
      'flows_in_place',
      '1 while the switch has the flows and settings it should have.',
      one(synced ? 1 : 0),
    ),
    gauge('problems', 'Problems that status lists.', one(problems.length)),
    counter('bundles_total', 'Bundles of flow changes that were sent.', one(totals.bundles)),
    counter('flows_added_total', 'Flows that bundles added.', one(totals.flowsAdded)),
    counter('flows_removed_total', 'Flows that bundles deleted.', one(totals.flowsRemoved)),
    counter('failures_total', 'Steps of the loop that failed.', one(totals.failures)),
    counter('switch_restarts_total', 'Restarts of the switch.', one(totals.switchRestarts)),
    counter('addresses_announced_total', 'Served addresses that were announced.', one(neighbours.announced)),
    counter('claims_total', 'Claims of other hosts on our addresses.', one(neighbours.claimsHeard)),
    gauge(
      'snat_ports',
      "Ports in the range of pods' connections.",
      fills.map(({ range }) => ({ value: sizeOf(range) })),
    ),
    gauge(
      'snat_ports_used',
      'Ports in use towards the busiest server; an upper bound while less than half are in use.',
      fills.map(({ atMost }) => ({ value: atMost })),
    ),
  ].join('');
}

function counter(name: string, help: string, samples: readonly Sample[]): string {
  return metric(name, 'counter', help, samples);
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return metric(name, 'gauge', help, samples);
}

function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  const full = `ovn_k8s_gateway_${name}`;
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
    return `${full}${pairs.length === 0 ? '' : `{${pairs.join()}}`} ${value}`;
  });
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines].map((line) => `${line}\n`).join('');
}
