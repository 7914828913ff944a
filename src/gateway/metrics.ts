import { countByClass } from '../demux/counters.js';
import type { InstalledFlow } from '../openflow/flow.js';
import { sizeOf } from './snat_ports.js';
import type { Status } from './status.js';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | bigint;
}

/** `metrics/show`: what `status` and `demux/show` tell, in the text format of Prometheus. */
export function formatMetrics(
  { synced, problems, totals, fill, neighbours }: Status,
  installed: readonly InstalledFlow[],
): string {
  const counts = [...countByClass(installed)];
  const byClass = (count: 'packets' | 'bytes'): Sample[] =>
    counts.map(([name, of]) => ({ labels: { class: name }, value: of[count] }));
  const ports = fill === undefined ? [] : [fill];
  return [
    metric(
      'class_packets_total',
      'counter',
      'Packets of a class, by the counters of its flows.',
      byClass('packets'),
    ),
    metric(
      'class_bytes_total',
      'counter',
      'Bytes of a class, by the counters of its flows.',
      byClass('bytes'),
    ),
    metric('flows_in_place', 'gauge', '1 while the flows are those that should be.', [
      { value: synced ? 1 : 0 },
    ]),
    metric('problems', 'gauge', 'Lines of status that an operator should read.', [
      { value: problems.length },
    ]),
    metric('bundles_total', 'counter', 'Changes of flows that were sent.', [{ value: totals.bundles }]),
    metric('flows_added_total', 'counter', 'Flows added by them.', [{ value: totals.flowsAdded }]),
    metric('flows_removed_total', 'counter', 'Flows deleted by them.', [{ value: totals.flowsRemoved }]),
    metric('failures_total', 'counter', 'Attempts that failed.', [{ value: totals.failures }]),
    metric('switch_restarts_total', 'counter', 'Restarts of the switch.', [{ value: totals.switchRestarts }]),
    metric('addresses_announced_total', 'counter', 'Served addresses that were announced.', [
      { value: neighbours.announced },
    ]),
    metric('claims_total', 'counter', 'Times that another host claimed an address of ours.', [
      { value: neighbours.claimsHeard },
    ]),
    metric(
      'snat_ports',
      'gauge',
      "Ports of the range of pods' connections.",
      ports.map(({ range }) => ({ value: sizeOf(range) })),
    ),
    metric(
      'snat_ports_used',
      'gauge',
      'Ports in use towards the busiest server; an upper bound while less than half are.',
      ports.map(({ atMost }) => ({ value: atMost })),
    ),
  ].join('');
}

function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  const full = `ovn_k8s_gateway_${name}`;
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
    return `${full}${pairs.length === 0 ? '' : `{${pairs.join()}}`} ${value}`;
  });
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines].map((line) => `${line}\n`).join('');
}
