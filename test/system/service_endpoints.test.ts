import test from 'ava';
import type { Node } from '../../lab/cluster.js';
import { kubeTest } from '../../lab/kube_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { ServiceCluster } from '../../lab/service_cluster.js';
import { askTargets, type Target } from '../../lab/targets.js';

/** What clients outside reach by the gateways: two gateways, a node that is none, pods and hosts on each. */
let lab: ServiceCluster;
let gateways: readonly Node[];
const PODS = ['pod-master', 'pod-gw1', 'pod-gw2'] as const;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  lab = await ServiceCluster.start(['master', 'gw1', 'gw2'], ['gw1', 'gw2']);
  gateways = [lab.cluster.node('gw1'), lab.cluster.node('gw2')];
  for (const [index, pod] of PODS.entries()) {
    await lab.serve(pod, 81 + index, { type: 'NodePort' }, [pod]);
    await lab.clusterIps(pod);
  }
});
test.after.always(async (t) => {
  for (const crash of (await lab?.cluster.crashes()) ?? []) t.log(crash);
  lab?.cluster.dispose();
});

for (const lost of ['first packet', 'first answer'] as const)
  kubeTest(`a client outside whose ${lost} is lost is answered by the same socket`, async (t) => {
    for (const pod of PODS) await lose(lab.server(pod).net, lost);
    const targets = PODS.flatMap((pod, index) =>
      gateways.flatMap((gateway) => nodePort(gateway, 30_081 + index).map((target) => ({ ...target, pod }))),
    );
    const answers = await askTargets(lab.cluster.outside, targets, { attemptMs: 5000 });
    for (const [index, { outcome, attempts }] of answers.entries()) {
      const { pod, address, protocol } = targets[index] ?? {};
      t.deepEqual({ outcome, attempts }, { outcome: pod, attempts: 1 }, `${protocol} ${address} of ${pod}`);
    }
    for (const pod of PODS) t.is(await countLost(lab.server(pod).net), targets.length / PODS.length);
  });

kubeTest('no packet of a gateway router was dropped at the bridge', async (t) => {
  for (const { host } of gateways)
    t.regex(await host.appctl('-t', 'ovn-k8s-gateway-helper', 'demux/show'), /^pod-drop +0\b/m);
});

/** Returns the targets of a node port at a gateway: TCP and UDP, IPv4 and IPv6. */
function nodePort({ v4, v6 }: Node, port: number): Target[] {
  return [v4, v6].flatMap((address) =>
    (['tcp', 'udp'] as const).map((protocol) => ({ protocol, address, port })),
  );
}

/** Makes a pod lose the first packet from each port of its clients, or its first answer to each. */
async function lose(pod: Namespace, what: 'first packet' | 'first answer'): Promise<void> {
  const [hook, own, peer] =
    what === 'first packet' ? ['input', 'dport', 'sport'] : ['output', 'sport', 'dport'];
  const flags = what === 'first packet' ? 'syn' : '(syn | ack)';
  const rule = (match: string, protocol: string) =>
    `${match} ${protocol} ${peer} != @seen_${protocol} add @seen_${protocol} { ${protocol} ${peer} } counter drop`;
  const rules = [
    'table inet lossy',
    'delete table inet lossy',
    'table inet lossy {',
    ...['tcp', 'udp'].map((one) => `set seen_${one} { type inet_service; flags dynamic; }`),
    `chain lossy { type filter hook ${hook} priority 0;`,
    rule(`tcp ${own} 8080 tcp flags & (syn | ack) == ${flags}`, 'tcp'),
    rule(`udp ${own} 8080`, 'udp'),
    '}',
    '}',
  ];
  await pod.exec(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
}

/** Returns how many packets {@link lose} has dropped. */
async function countLost(pod: Namespace): Promise<number> {
  const rules = await pod.exec(['nft', 'list', 'chain', 'inet', 'lossy', 'lossy']);
  return [...rules.matchAll(/packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}
