import test from 'ava';
import type { Node } from '../../lab/cluster.js';
import { keepSending } from '../../lab/datagrams.js';
import { kubeTest } from '../../lab/kube_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { whereFlushesLast } from '../../lab/ovn_release.js';
import type { Running } from '../../lab/running.js';
import { ServiceCluster, targetsAt, untilAnswered } from '../../lab/service_cluster.js';
import type { TargetAnswer } from '../../lab/targets.js';

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

whereFlushesLast(kubeTest)(
  'a UDP client that goes on sending follows the endpoints within 1 s',
  async (t) => {
    await lab.serve('dns', 83, { type: 'NodePort', externalIPs: external(83) }, ['pod-master']);
    const ips = await lab.clusterIps('dns');
    const { outside } = lab.cluster;
    await untilAnswered(outside, outsideTargets(83), by('pod-master'));
    const places: readonly (readonly [Namespace, readonly string[], number])[] = [
      [lab.server('pod-gw1').net, ips, 83],
      [lab.server('host-master').net, ips, 83],
      [outside, [gateway.v4, gateway.v6], 30_083],
      [outside, external(83), 83],
    ];
    const followed: boolean[] = [];
    let current = 'pod-master';
    for (const server of ['pod-gw1', 'pod-master', 'refused', 'pod-gw1']) {
      const senders = places.flatMap(([from, addresses, port]) =>
        addresses.map((address) => keepSending(from, address, port)),
      );
      await Promise.all(senders.map((sender) => says(sender, current)));
      await lab.moveTo('dns', server === 'refused' ? [] : [server]);
      const moves = await Promise.allSettled(senders.map((sender) => says(sender, server, 1, 1000)));
      followed.push(...moves.map(({ status }) => status === 'fulfilled'));
      await Promise.all(senders.map((sender) => sender.stop()));
      current = server;
    }
    const count = followed.filter(Boolean).length;
    t.log(`${count} of ${followed.length} clients followed`);
    // A datagram between the flush and the new flows keeps its client where it was: rare, but OVN cannot prevent it.
    t.true(count >= 0.85 * followed.length);
  },
);

/** Waits until a client's output has a server's name after `earlier` other lines. */
function says(sender: Running, server: string, earlier = 0, withinMs = 5000): Promise<string> {
  return sender.says(new RegExp(`^(?:.*\n){${earlier}}${server}\n`), withinMs);
}

kubeTest('no packet of the gateway router was dropped at the bridge', async (t) => {
  t.regex(await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show'), /^pod-drop +0\b/m);
});
