import { join } from 'node:path';
import test from 'ava';
import { type Cluster, FAR, startCluster } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import type { Namespace } from '../../lab/namespace.js';
import {
  gatewayInit,
  initCluster,
  overlayWell,
  podOptions,
  startGatewayHelper,
  subnetsOf,
} from '../../lab/overlay.js';
import { PROJECT } from '../../lab/project.js';
import { Session } from '../../lab/session.js';
import { until, when } from '../../lab/until.js';
import { httpGet, startWebServer } from '../../lab/web.js';

/** The program that sends datagrams to an address and port, each from a new port. */
const BURST = join(PROJECT, 'lab/burst_agent.mjs');

/** A cluster as an operator sets it up: a master and two gateways, with one pod on each of the three nodes. */
let cluster: Cluster;
const pods = new Map<string, Namespace>();
const NODES = { master: 1, gw1: 2, gw2: 3 } as const;
type NodeName = keyof typeof NODES;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: Object.keys(NODES) });
  await initCluster(cluster, ['gw1', 'gw2']);
  for (const name of ['gw1', 'gw2'] as const) await startGatewayHelper(cluster.node(name));
  for (const [name, n] of Object.entries(NODES)) {
    const node = cluster.node(name);
    pods.set(name, await cluster.pod(node, `pod-${name}`, podOptions(node, n, 1)));
  }
  await startWebServer(cluster.outside);
  await cluster.settled();
});
test.after.always(async (t) => {
  for (const crash of (await cluster?.crashes()) ?? []) t.log(crash);
  cluster?.dispose();
});

/** Returns the source address and port that a server outside sees when the pod of a node asks it. */
async function seenFrom(name: NodeName, authority: string): Promise<{ address: string; port: number }> {
  const pod = pods.get(name);
  if (pod === undefined) throw new Error(`there is no pod on ${name}`);
  const answer = await httpGet(pod, `http://${authority}/`);
  const [, address = '', port] = /^hello, (\S+) port (\d+)$/.exec(answer) ?? [];
  return { address, port: Number(port) };
}

/**
 * Waits until a ping is answered. The userspace datapath drops the first packet of a tunnel in each direction while it
 * resolves the MAC of the far end; both losses together take longer than a page fetch may.
 */
async function answersPing(name: NodeName, address: string): Promise<void> {
  await until(`a ping of ${address} from the pod on ${name}`, async () =>
    when((await pods.get(name)?.attempt(['ping', '-c1', '-W1', address]))?.exitCode === 0),
  );
}

labTest(
  'a pod on a gateway leaves by that gateway, and a pod on another node by the first gateway',
  async (t) => {
    const by = { master: 'gw1', gw1: 'gw1', gw2: 'gw2' } as const;
    for (const [name, gateway] of Object.entries(by) as [NodeName, NodeName][]) {
      const node = cluster.node(gateway);
      for (const [far, address] of [
        [FAR.v4, node.v4],
        [`[${FAR.v6}]`, node.v6],
      ] as const) {
        const seen = await seenFrom(name, far);
        t.is(seen.address, address, `${name} to ${far}`);
        t.true(seen.port >= 61000, `port ${seen.port} is of the pods' range`);
      }
    }
  },
);

labTest("pods reach the gateway hosts' own addresses, from the same node and from others", async (t) => {
  for (const gateway of ['gw1', 'gw2']) {
    const { host, v4, v6 } = cluster.node(gateway);
    await startWebServer(host.net, 8080);
    for (const name of Object.keys(NODES) as NodeName[]) {
      const own = subnetsOf(NODES[name]);
      await answersPing(name, v4);
      t.is((await seenFrom(name, `${v4}:8080`)).address, `${own.v4}.17`, `${name} to ${gateway}`);
      t.is((await seenFrom(name, `[${v6}]:8080`)).address, `${own.v6}:17`, `${name} to ${gateway}`);
    }
  }
});

for (const mode of ['port-range', 'conntrack'] as const) {
  labTest(
    `${mode}: a pod and the host use the same source port to the same server, and both stay connected`,
    async (t) => {
      const gw1 = cluster.node('gw1');
      await gw1.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
      await until('the helper to end', async () =>
        when(
          (await gw1.host.net.attempt(['test', '-e', `${gw1.host.rundir}/ovn-k8s-gateway-helper.pid`]))
            .exitCode !== 0,
        ),
      );
      await startGatewayHelper(gw1, `--demux=${mode}`);
      const pod = pods.get('gw1');
      if (pod === undefined) throw new Error('there is no pod on gw1');
      for (const [address, port] of [
        [FAR.v4, 2001],
        [FAR.v6, 2002],
      ] as const) {
        const server = await Session.serve(cluster.outside, port + (mode === 'conntrack' ? 10 : 0));
        const to = { address, port: port + (mode === 'conntrack' ? 10 : 0) };
        const sessions = [
          await Session.join(gw1.host.net, to, 40_000),
          await Session.join(pod, to, 40_000),
          await Session.join(gw1.host.net, to, 40_001),
        ];
        for (const session of sessions) await session.busy();
        for (const session of sessions) {
          const { alive, answered, sent } = await session.close();
          t.true(alive && answered >= sent - 20, `${answered} of ${sent} answered`);
        }
        await server.stop('SIGKILL');
      }
    },
  );
}

labTest("a used up port range is reported, and the host's own traffic continues", async (t) => {
  const gw1 = cluster.node('gw1');
  const status = () => gw1.host.appctl('-t', 'ovn-k8s-gateway-helper', 'status');
  // Status names one server. With the same range, both servers have 64 connections until those of IPv4 expire.
  for (const [far, range] of [
    [FAR.v4, '61000-61063'],
    [FAR.v6, '61100-61163'],
  ] as const) {
    await overlayWell(gw1, ...gatewayInit(gw1, `--snat-port-range=${range}`));
    await cluster.settled();
    // The first datagrams are lost while the router resolves a neighbour.
    await until(`the range to be full towards ${far}`, async () => {
      await pods.get('gw1')?.exec([process.execPath, BURST, far, '9', '100']);
      return when((await status()).includes(`pod ports: 64 of 64 in use towards udp ${far} port 9`));
    });
    await until('the problem and its remedy', async () =>
      when(
        new RegExp(`problem: +the pods' ports ${range} are used up.*wider --snat-port-range`).test(
          await status(),
        ),
      ),
    );
    t.regex(
      await gw1.host.appctl('-t', 'ovn-k8s-gateway-helper', 'metrics/show'),
      /^ovn_k8s_gateway_snat_ports_used 64$/m,
    );
    const { exitCode } = await gw1.host.net.attempt(['ping', '-c1', '-W2', far]);
    t.is(exitCode, 0);
  }
  await overlayWell(gw1, ...gatewayInit(gw1));
  await cluster.settled();
  await until('room again', async () => when(!/used up/.test(await status())));
});

labTest('pods of a subnet that another gateway ramps out leave by that gateway', async (t) => {
  const gw2 = cluster.node('gw2');
  await overlayWell(gw2, ...gatewayInit(gw2, '--rampout-ip-subnets=10.244.1.0/24,fd00:10:244:1::/64'));
  await cluster.settled();
  t.is((await seenFrom('master', FAR.v4)).address, gw2.v4);
  t.is((await seenFrom('master', `[${FAR.v6}]`)).address, gw2.v6);
  t.is((await seenFrom('gw1', FAR.v4)).address, cluster.node('gw1').v4);
});

labTest('pods leave by the second gateway after the first one is taken down', async (t) => {
  await overlayWell(cluster.node('gw1'), 'gateway-deinit', '--node-name=gw1');
  await cluster.settled();
  t.is((await seenFrom('gw1', FAR.v4)).address, cluster.node('gw2').v4);
  t.is((await seenFrom('gw1', `[${FAR.v6}]`)).address, cluster.node('gw2').v6);
});
