import test from 'ava';
import type { Node } from '../../lab/cluster.js';
import { keepSending } from '../../lab/datagrams.js';
import { kubeTest } from '../../lab/kube_test.js';
import type { Namespace } from '../../lab/namespace.js';
import type { Running } from '../../lab/running.js';
import { ServiceCluster, targetsAt, untilAnswered } from '../../lab/service_cluster.js';
import type { TargetAnswer } from '../../lab/targets.js';
import { until, when } from '../../lab/until.js';

/** Services without an endpoint, and endpoints that leave. */
let lab: ServiceCluster;
let gateway: Node;
/** Clients inside and outside. */
let clients: readonly Namespace[];
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  lab = await ServiceCluster.start(['master', 'gw1'], ['gw1']);
  gateway = lab.cluster.node('gw1');
  clients = [...lab.servers.values()].map(({ net }) => net);
});
test.after.always(async (t) => {
  for (const crash of (await lab?.cluster.crashes()) ?? []) t.log(crash);
  lab?.cluster.dispose();
});

const by = (name: string) => (answer: TargetAnswer) => answer.outcome === name;
/** The answer is fast, so that the client of a service without endpoints need not wait. */
const refusedAtOnce = ({ outcome, ms }: TargetAnswer) => outcome === 'refused' && ms <= 100;
const external = (port: number) => [`203.0.113.${port}`, `2001:db8::${port}`];
const outsideTargets = (port: number) => [
  ...targetsAt([gateway.v4, gateway.v6], 30_000 + port),
  ...targetsAt(external(port), port),
];

kubeTest('a service without endpoints refuses TCP and UDP within 100 ms, everywhere', async (t) => {
  await lab.serve('none', 81, { type: 'NodePort', externalIPs: external(81) }, []);
  const ips = await lab.clusterIps('none');
  await untilAnswered(lab.cluster.outside, outsideTargets(81), refusedAtOnce);
  for (const client of clients)
    await untilAnswered(client, [...targetsAt(ips, 81), ...outsideTargets(81)], refusedAtOnce);
  t.pass();
});

kubeTest('it answers as soon as it has an endpoint, and refuses when the endpoint has gone', async (t) => {
  const ips = await lab.clusterIps('none');
  for (const server of ['pod-gw1', 'refused', 'pod-master', 'refused']) {
    await lab.moveTo('none', server === 'refused' ? [] : [server]);
    await untilAnswered(lab.cluster.outside, outsideTargets(81), by(server));
    await untilAnswered(lab.server('pod-master').net, targetsAt(ips, 81), by(server));
  }
  t.pass();
});

kubeTest(
  'policy Local: a gateway drops what only other nodes can answer, and refuses what nobody can',
  async (t) => {
    const { outside } = lab.cluster;
    const spec = { type: 'NodePort', externalTrafficPolicy: 'Local', externalIPs: external(82) };
    await lab.serve('local', 82, spec, ['pod-gw1']);
    await untilAnswered(outside, outsideTargets(82), by('pod-gw1'));
    await lab.moveTo('local', ['pod-master']);
    await untilAnswered(outside, outsideTargets(82), by('silence'));
    await untilAnswered(lab.server('pod-gw1').net, outsideTargets(82), by('pod-master'));
    await lab.moveTo('local', []);
    await untilAnswered(outside, outsideTargets(82), by('refused'));
    await lab.moveTo('local', ['pod-gw1']);
    await untilAnswered(outside, outsideTargets(82), by('pod-gw1'));
    t.pass();
  },
);

/** How soon nine of ten clients that go on sending must have moved, in milliseconds. */
const FOLLOW_MS = 1_000;
/** How soon the last one must have, on a machine that does much else. One that is left behind never moves. */
const LAST_MS = 5_000;

kubeTest(
  'a UDP client that goes on sending follows the endpoints within 1 s, also with affinity',
  async (t) => {
    const services = [
      { name: 'dns', port: 83, spec: {} },
      { name: 'sticky', port: 84, spec: { sessionAffinity: 'ClientIP' } },
    ];
    const senders = (
      await Promise.all(
        services.map(async ({ name, port, spec }) => {
          const exposed = { type: 'NodePort', externalIPs: external(port), ...spec };
          await lab.serve(name, port, exposed, ['pod-master']);
          return clientsOf(await lab.clusterIps(name), port);
        }),
      )
    ).flat();
    await untilAnswered(
      lab.cluster.outside,
      [...outsideTargets(83), ...outsideTargets(84)],
      by('pod-master'),
    );
    const took: number[] = [];
    let current = 'pod-master';
    for (const server of ['pod-gw1', 'host-master', 'refused', 'pod-master']) {
      const running = senders.map(({ from, address, port }) => keepSending(from, address, port));
      await Promise.all(running.map((one) => says(one, current)));
      await Promise.all(services.map(({ name }) => lab.moveTo(name, server === 'refused' ? [] : [server])));
      const began = performance.now();
      const moves = running.map(async (one) => {
        await says(one, server, 1, LAST_MS);
        return performance.now() - began;
      });
      took.push(...(await Promise.all(moves)));
      await Promise.all(running.map((one) => one.stop()));
      current = server;
    }
    const sorted = took.map(Math.round).toSorted((a, b) => a - b);
    const [half, most = 0, all] = [0.5, 0.9, 1].map((share) => sorted[Math.ceil(share * sorted.length) - 1]);
    t.log(
      `${sorted.length} moves: half within ${half} ms, nine of ten within ${most} ms, all within ${all} ms`,
    );
    t.true(most <= FOLLOW_MS);
  },
);

/** Returns the clients of a service that are tried: a pod, hosts, and outside at a node port and external addresses. */
function clientsOf(ips: readonly string[], port: number) {
  const { outside } = lab.cluster;
  const at = (from: Namespace, addresses: readonly string[], toPort: number) =>
    addresses.map((address) => ({ from, address, port: toPort }));
  return [
    ...at(lab.server('pod-gw1').net, ips, port),
    ...at(lab.server('host-master').net, ips, port),
    ...at(lab.server('host-master').net, [gateway.v4, gateway.v6], 30_000 + port),
    ...at(outside, [gateway.v4, gateway.v6], 30_000 + port),
    ...at(outside, external(port), port),
  ];
}

kubeTest(
  "a host's UDP socket that sends to a node port before the service is there is answered soon after it comes",
  async (t) => {
    const [master, gw1] = [lab.server('host-master').net, lab.server('host-gw1').net];
    const targets = [master, gw1].flatMap((from) =>
      [gateway.v4, gateway.v6].map((address) => ({ from, address, port: 30_085 })),
    );
    const running = targets.map(({ from, address, port }) => keepSending(from, address, port));
    for (const net of [master, gw1]) await until('the entries of the host', () => hasEntries(net, 30_085, 2));
    await lab.serve('late', 85, { type: 'NodePort' }, ['pod-master']);
    const began = performance.now();
    await Promise.all(running.map((one) => one.says(/^pod-master$/m, LAST_MS)));
    t.log(`${running.length} sockets were answered after ${Math.round(performance.now() - began)} ms`);
    // What is left of the service does not keep them either.
    await lab.kubernetes.kubectl('delete', 'service', 'late');
    const [, , ...own] = running;
    await Promise.all(own.map((one) => one.says(/pod-master\nrefused\n$/, 10_000)));
    await Promise.all(running.map((one) => one.stop()));
    t.pass();
  },
);

/** Resolves with `true` once the kernel tracks at least `count` UDP conversations with a port. */
async function hasEntries(net: Namespace, port: number, count: number): Promise<true | undefined> {
  const lists = await Promise.all(
    ['ipv4', 'ipv6'].map((family) =>
      net.exec(['conntrack', '-L', '-f', family, '-p', 'udp', '--orig-port-dst', String(port)]),
    ),
  );
  const entries = lists.join('\n').match(/^udp /gm) ?? [];
  return when(entries.length >= count);
}

/** Waits until a client's output has a server's name as its last line, after at least `earlier` other lines. */
function says(sender: Running, server: string, earlier = 0, withinMs = 5000): Promise<string> {
  return sender.says(new RegExp(`^(?:.*\n){${earlier},}${server}\n`), withinMs);
}

kubeTest('no packet of the gateway router was dropped at the bridge', async (t) => {
  t.regex(await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show'), /^pod-drop +0\b/m);
});
