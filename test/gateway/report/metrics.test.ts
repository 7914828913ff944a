import test from 'ava';
import { formatMetrics } from '../../../src/gateway/report/metrics.js';

const STATUS = {
  state: undefined,
  synced: true,
  isOpen: true,
  channel: 'ofctl',
  problems: ['one'],
  totals: { looks: 9, bundles: 2, flowsAdded: 70, flowsRemoved: 3, failures: 1, switchRestarts: 4 },
  limit: undefined,
  fill: { range: { lo: 61_000, hi: 65_535 }, atMost: 12, busiest: undefined },
  neighbours: { isHeard: true, announced: 5, claimsHeard: 6, claims: [], routers: [] },
};

test('every metric has a help text and a type, and those of a class have a label', (t) => {
  const text = formatMetrics(STATUS, []);
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  t.deepEqual(
    samples.filter((line) => !line.includes('{')),
    [
      'ovn_k8s_gateway_flows_in_place 1',
      'ovn_k8s_gateway_problems 1',
      'ovn_k8s_gateway_bundles_total 2',
      'ovn_k8s_gateway_flows_added_total 70',
      'ovn_k8s_gateway_flows_removed_total 3',
      'ovn_k8s_gateway_failures_total 1',
      'ovn_k8s_gateway_switch_restarts_total 4',
      'ovn_k8s_gateway_addresses_announced_total 5',
      'ovn_k8s_gateway_claims_total 6',
      'ovn_k8s_gateway_snat_ports 4536',
      'ovn_k8s_gateway_snat_ports_used 12',
    ],
  );
  t.is(
    samples.filter((line) => /^ovn_k8s_gateway_class_(packets|bytes)_total\{class="[a-z-]+"\} 0$/.test(line))
      .length,
    30,
  );
  for (const [sample] of samples.map((line) => /^\w+/.exec(line) ?? []))
    t.regex(text, new RegExp(`^# HELP ${sample} .+\\n# TYPE ${sample} (counter|gauge)\\n`, 'm'));
});

test('without a port range there are no metrics of its fill', (t) => {
  t.notRegex(formatMetrics({ ...STATUS, fill: undefined }, []), /^ovn_k8s_gateway_snat_ports/m);
});
