import test from 'ava';
import { bridgeNic } from '../../lab/bridged_nic.js';
import { type Cluster, FAR, startCluster } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import { Session } from '../../lab/session.js';
import { httpGet, startWebServer } from '../../lab/web.js';

let cluster: Cluster;
test.before(async () => {
  cluster = await startCluster({ nodes: ['master', 'gw1'] });
});
test.after.always(() => cluster?.dispose());

labTest('a new node with a plain eth0 reaches a host beyond its router, in both families', async (t) => {
  const { host } = cluster.node('gw1');
  for (const far of [FAR.v4, FAR.v6])
    t.regex(await host.exec(['ping', '-c1', '-W2', far]), / 0% packet loss/);
});

labTest('pods on two nodes reach each other through Geneve', async (t) => {
  await Promise.all(cluster.nodes.map(bridgeNic));
  await cluster.nbctl('ls-add', 'pods');
  const pods = await Promise.all(
    cluster.nodes.map((node, index) =>
      cluster.pod(node, `pod${index}`, {
        on: 'pods',
        mac: `0a:58:0a:f4:01:0${index + 1}`,
        addresses: [`10.244.1.${index + 1}/24`, `fd00:1::${index + 1}/64`],
        gateways: [],
      }),
    ),
  );
  await cluster.settled();
  for (const other of ['10.244.1.2', 'fd00:1::2']) {
    t.regex((await pods[0]?.exec(['ping', '-c3', '-i0.2', '-W2', other])) ?? '', / [1-3] received/);
  }
});

labTest('a node answers a ping once when its NIC is on a bridge', async (t) => {
  const { v4, v6 } = cluster.node('gw1');
  for (const address of [v4, v6]) {
    const answer = await cluster.outside.exec(['ping', '-c2', '-i0.1', address]);
    t.regex(answer, / 2 received/);
    t.notRegex(answer, /DUP/);
  }
});

labTest("a session reports its longest gap, and a web server reports its client's address", async (t) => {
  const { host, v4 } = cluster.node('gw1');
  const session = await Session.open(cluster.outside, { in: host.net, address: v4, port: 2222 });
  await startWebServer(cluster.outside);
  t.regex(await httpGet(host.net, `http://${FAR.v4}/`), new RegExp(`^hello, ${v4} port \\d+$`));
  const { alive, answered, longestGapMs } = await session.close();
  t.true(alive && answered > 0 && longestGapMs > 0);
});
