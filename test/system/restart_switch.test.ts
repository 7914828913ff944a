import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Cluster, FAR, type Node, startCluster } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import type { Namespace } from '../../lab/namespace.js';
import { initCluster, podOptions, startGatewayHelper } from '../../lab/overlay.js';
import { answersOf, Pinger } from '../../lab/ping.js';
import { Session } from '../../lab/session.js';
import { until, when } from '../../lab/until.js';
import { countFlows, FlowCounts } from '../../src/restart/flow_count.js';

/** Restarts the lab's ovs-vswitchd as Debian's script does: it asks the old one to exit, and starts another. */
const COMMAND = [
  'ovs-appctl -t ovs-vswitchd exit',
  'while test -e $OVS_RUNDIR/ovs-vswitchd.pid; do sleep 0.01; done',
  'ovs-vswitchd --disable-system --monitor --pidfile --log-file --detach -vconsole:off',
].join('; ');

/** Counts the packets to the far host that arrive at the router. */
const COUNTER = `
table ip seen {
  chain arrived {
    type filter hook prerouting priority 0
    ip daddr ${FAR.v4} counter
  }
}`;

let cluster: Cluster;
let gateway: Node;
let pod: Namespace;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['gw1'] });
  gateway = cluster.node('gw1');
  await initCluster(cluster, ['gw1']);
  await startGatewayHelper(gateway);
  pod = await cluster.pod(gateway, 'pod-1', podOptions(gateway, 1, 1));
  await cluster.settled();
});
test.after.always(async (t) => {
  for (const crash of (await cluster?.crashes()) ?? []) t.log(crash);
  cluster?.dispose();
});

async function isWaiting(): Promise<boolean> {
  return (await gateway.host.vsctl('get', 'Open_vSwitch', '.', 'other_config')).includes('flow-restore-wait');
}

labTest("the host's connections survive restart-switch, and pods reach outside after it", async (t) => {
  const { host, v4 } = gateway;
  await until('the pod to reach outside', async () =>
    when((await pod.attempt(['ping', '-c1', '-W1', FAR.v4])).exitCode === 0),
  );
  const ping = await Pinger.start(cluster.outside, v4);
  const podPing = await Pinger.start(pod, FAR.v4);
  const ofHost = await Session.open(cluster.outside, { in: host.net, address: v4, port: 4001 });
  await ofHost.busy();
  const { exitCode, stdout, stderr } = await host.run('ovn-k8s-util', [
    'restart-switch',
    `--command=${COMMAND}`,
  ]);
  t.is(exitCode, 0, stderr);
  t.log(stdout.trim());
  for (const line of [/started after/, /breth0: flows again/, /forwards packets/, /br-int: flows again/])
    t.regex(stdout, line);
  t.false(await isWaiting());
  t.regex(await host.appctl('-t', 'ovn-k8s-gateway-helper', 'status'), /switch restarts [1-9]/);
  await until('the pod to reach outside', async () =>
    when((await pod.attempt(['ping', '-c1', '-W1', FAR.v4])).exitCode === 0),
  );
  const { alive, longestGapMs } = await ofHost.close();
  t.log(`the host's connection: longest gap ${Math.round(longestGapMs)} ms`);
  t.true(alive);
  for (const [name, pinger] of Object.entries({ host: ping, pod: podPing })) {
    const { sent, lost } = await pinger.close();
    t.log(`${name}: ${lost.length} of ${sent} pings lost, 5 ms apart`);
  }
});

labTest('a cancelled restart clears the flag at once, and lets its command end', async (t) => {
  const { host } = gateway;
  const [go, mark] = [join(host.dir, 'go'), join(host.dir, 'ended')];
  const command = `until test -e ${go}; do sleep 0.05; done; touch ${mark}`;
  const running = host.spawn('ovn-k8s-util', ['restart-switch', `--command=${command}`]);
  await until('the flag', async () => when(await isWaiting()));
  process.kill(running.pid, 'SIGINT');
  await until('no flag', async () => when(!(await isWaiting())));
  writeFileSync(go, '');
  t.is(await running.exited, 1);
  t.regex(running.output, /cancelled by SIGINT: ovs-vswitchd no longer waits for its flows/);
  t.true(existsSync(mark));
});

labTest(
  "without the helper, OVN's router does not answer for the host, and no packet of a pod leaves",
  async (t) => {
    const { host, v4, v6 } = gateway;
    await host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
    const pidfile = join(host.rundir, 'ovn-k8s-gateway-helper.pid');
    await until('the helper to end', () => when(!existsSync(pidfile)));
    const flows = await countFlows(host.rundir, 'br-int');
    await host.killSwitch();
    await host.startSwitch();
    const counts = new FlowCounts(flows, 5);
    await until("OVN's flows", async () =>
      when(counts.take(await countFlows(host.rundir, 'br-int').catch(() => 0))),
    );
    for (const address of [v4, v6]) {
      const ping = ['ping', '-n', '-D', '-c', '40', '-i', '0.02', address];
      const answers = answersOf((await cluster.outside.attempt(ping)).stdout);
      t.deepEqual([...new Set(answers.map(({ ttl }) => ttl))], [64], "the host's, not the router's");
      t.is(new Set(answers.map(({ seq }) => seq)).size, answers.length, 'one answer each');
    }
    await cluster.outside.exec(['nft', '-f', '-'], { input: COUNTER });
    const seen = async () => {
      const { stdout } = await cluster.outside.attempt(['nft', 'list', 'table', 'ip', 'seen']);
      return Number(/packets (\d+)/.exec(stdout)?.[1]);
    };
    const { exitCode } = await pod.attempt(['ping', '-c', '3', '-i', '0.2', '-W', '1', FAR.v4]);
    t.not(exitCode, 0);
    t.is(await seen(), 0);
    await startGatewayHelper(gateway);
    await until('the pod to reach outside', async () =>
      when((await pod.attempt(['ping', '-c1', '-W1', FAR.v4])).exitCode === 0),
    );
    t.true((await seen()) > 0);
  },
);
