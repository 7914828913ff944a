import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type Cluster, type Node, startCluster } from '../../lab/cluster.js';
import { labTest } from '../../lab/lab_test.js';
import {
  initCluster,
  masterInit,
  overlayWell,
  startGatewayHelper,
  startNodeDaemon,
} from '../../lab/overlay.js';
import { executable } from '../../lab/project.js';
import { until, when } from '../../lab/until.js';
import { startWebServer } from '../../lab/web.js';

interface Found {
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly what: string;
  readonly remedy?: string;
}

let cluster: Cluster;
let master: Node;
let gateway: Node;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['master', 'gw1'] });
  master = cluster.master;
  gateway = cluster.node('gw1');
  await initCluster(cluster, ['gw1']);
  await startGatewayHelper(gateway);
  await Promise.all([master, gateway].map((node) => startNodeDaemon(node)));
  await cluster.settled();
});
test.after.always(() => cluster?.dispose());

async function doctor({ host }: Node): Promise<{ exitCode: number; findings: readonly Found[] }> {
  const { exitCode, stdout, stderr } = await host.run('ovn-k8s-util', ['doctor', '--json', '--timeout=2']);
  if (stdout === '') throw new Error(`doctor printed nothing and exited with ${exitCode}: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: readonly Found[] };
  return { exitCode, findings };
}

/** Waits until doctor finds no problem, since OVN needs a moment after a repair. */
function allWell(node: Node): Promise<true> {
  let last = '';
  return until(
    'all is well',
    async () => {
      const { exitCode, findings } = await doctor(node);
      const bad = findings.filter(({ level, check }) => level !== 'ok' && check !== 'logs');
      last = JSON.stringify(bad);
      return when(exitCode === 0 && bad.length === 0);
    },
    30_000,
  ).catch((error: unknown) => {
    throw new Error(`${error}: ${last}`);
  });
}

labTest('a healthy gateway and a healthy node have no problems, and exit code 0', async (t) => {
  await allWell(gateway);
  await allWell(master);
  const { stdout, exitCode } = await gateway.host.run('ovn-k8s-util', ['doctor']);
  t.is(exitCode, 0, stdout);
  t.regex(stdout, /^ok {4}flows: breth0 has the \d+ flows that it should$/m);
  t.regex(stdout, /^ok {4}nodes: the management ports of the other nodes answer: 2 addresses asked$/m);
});

/** A way to break the gateway's host, the problem that doctor must report, and the repair. */
interface Break {
  readonly title: string;
  readonly check: string;
  readonly level: 'warn' | 'fail';
  readonly says: RegExp;
  readonly how: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
}

const on = {
  vsctl: (...args: readonly string[]) => gateway.host.vsctl(...args),
  ip: (...args: readonly string[]) => gateway.host.net.ip(...args),
  id: (key: string, value: string) =>
    gateway.host.vsctl('set', 'Open_vSwitch', '.', `external_ids:${key}="${value}"`),
  nft: (input: string) => gateway.host.exec(['nft', '-f', '-'], { input }),
  signal: async (file: string, signal: NodeJS.Signals) =>
    process.kill(Number(await readFile(join(gateway.host.dir, file), 'utf8')), signal),
};

/** Ends the daemon of a node, which would mend what a test breaks. */
function exitNodeDaemon({ host }: Node): Promise<string> {
  return host.appctl('-t', 'ovn-k8s-node', 'exit');
}

const BREAKS: readonly Break[] = [
  {
    title: 'the helper does not run',
    check: 'daemons',
    level: 'fail',
    says: /ovn-k8s-gateway-helper does not run/,
    how: () => gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit'),
    mend: () => startGatewayHelper(gateway),
  },
  {
    title: 'the helper does not run, and a flow is missing',
    check: 'flows',
    level: 'fail',
    says: /wrong flows: [1-9]\d* missing or altered, 0 too many/,
    how: async () => {
      await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
      await gateway.host.ofctl('del-flows', 'breth0', 'icmp');
    },
    mend: () => startGatewayHelper(gateway),
  },
  {
    title: 'the helper does not run, and the patch port to OVN is missing',
    check: 'bridges',
    level: 'fail',
    says: /breth0 has no patch port k8s-patch-breth0-br-int/,
    how: async () => {
      await gateway.host.appctl('-t', 'ovn-k8s-gateway-helper', 'exit');
      await on.vsctl('del-port', 'k8s-patch-breth0-br-int');
    },
    mend: () => startGatewayHelper(gateway),
  },
  {
    title: 'the bridge has a flow of another program',
    check: 'flows',
    level: 'warn',
    says: /1 flows that are not the helper's, .*priority=60000,tcp/,
    how: () => gateway.host.ofctl('add-flow', 'breth0', 'cookie=7,priority=60000,tcp,tp_dst=9,actions=drop'),
    mend: () => gateway.host.ofctl('del-flows', 'breth0', 'cookie=7/-1'),
  },
  {
    title: 'the bridge drops fragments',
    check: 'flows',
    level: 'fail',
    says: /treats fragments as "drop"/,
    how: () => gateway.host.ofctl('set-frags', 'breth0', 'drop'),
    mend: () => gateway.host.ofctl('set-frags', 'breth0', 'nx-match'),
  },
  {
    title: "the host's ephemeral range overlaps the pods' ports",
    check: 'ports',
    level: 'fail',
    says: /61000-65535 of breth0: overlaps net\.ipv4\.ip_local_port_range 32768-62000/,
    how: () => gateway.host.net.sysctl({ 'net.ipv4.ip_local_port_range': '32768 62000' }),
    mend: () => gateway.host.net.sysctl({ 'net.ipv4.ip_local_port_range': '32768 60999' }),
  },
  {
    title: "the pods' ports are not reserved",
    check: 'ports',
    level: 'fail',
    says: /is not in net\.ipv4\.ip_local_reserved_ports/,
    how: () => gateway.host.net.sysctl({ 'net.ipv4.ip_local_reserved_ports': '' }),
    mend: () => gateway.host.net.sysctl({ 'net.ipv4.ip_local_reserved_ports': '61000-65535' }),
  },
  {
    title: 'the NIC is to complete checksums',
    check: 'offloads',
    level: 'fail',
    says: /eth0 of breth0 leaves checksums to hardware/,
    how: () => gateway.host.exec(['ethtool', '-K', 'eth0', 'tx', 'on']),
    mend: () => gateway.host.exec(['ethtool', '-K', 'eth0', 'tx', 'off']),
  },
  {
    title: 'the MTU of the NIC is too small for tunnels',
    check: 'mtu',
    level: 'fail',
    says: /breth0 has MTU 1500, but its NIC eth0 has 1450/,
    how: () => on.ip('link set eth0 mtu 1450'),
    mend: () => on.ip('link set eth0 mtu 1500'),
  },
  {
    title: 'the bridge has fail-mode secure',
    check: 'bridges',
    level: 'fail',
    says: /breth0 has fail_mode secure/,
    how: () => on.vsctl('set-fail-mode', 'breth0', 'secure'),
    mend: () => on.vsctl('set-fail-mode', 'breth0', 'standalone'),
  },
  {
    title: 'a port cannot be opened',
    check: 'bridges',
    level: 'fail',
    says: /port nosuch of breth0: /,
    how: () => gateway.host.exec(['ovs-vsctl', '--no-wait', 'add-port', 'breth0', 'nosuch']),
    mend: () => on.vsctl('del-port', 'nosuch'),
  },
  {
    title: 'the guard of the NIC is missing',
    check: 'bridges',
    level: 'warn',
    says: /keeps the kernel from answering frames on eth0/,
    how: () => on.nft('delete table netdev ovn_k8s_eth0'),
    mend: () => gateway.host.run('ovn-k8s-util', ['nics-to-bridge', 'eth0']),
  },
  {
    title: 'a firewall drops tunnel packets',
    check: 'encapsulation',
    level: 'warn',
    says: /chain inet fw input drops .*port 6081 of geneve/,
    how: () =>
      on.nft(
        'table inet fw {\n chain input {\n type filter hook input priority 0; policy drop;\n tcp dport 22 accept\n }\n}\n',
      ),
    mend: () => on.nft('delete table inet fw'),
  },
  {
    title: 'the host does not have the tunnel address',
    check: 'encapsulation',
    level: 'fail',
    says: /ovn-encap-ip=203\.0\.113\.99 is not an address of this host/,
    how: () => on.id('ovn-encap-ip', '203.0.113.99'),
    mend: () => on.id('ovn-encap-ip', gateway.v4),
  },
  {
    title: 'a stale chassis has the same tunnel address',
    check: 'identity',
    level: 'fail',
    says: /Chassis old of OVN_Southbound has this host's tunnel address/,
    how: () => master.host.exec(['ovn-sbctl', 'chassis-add', 'old', 'vxlan', gateway.v4]),
    mend: () => master.host.exec(['ovn-sbctl', 'chassis-del', 'old']),
  },
  {
    title: 'ovn-nb names a port without a server',
    check: 'databases',
    level: 'fail',
    says: /OVN_Northbound .*tcp:203\.0\.113\.10:6649/,
    how: () => on.id('ovn-nb', 'tcp:203.0.113.10:6649'),
    mend: () => on.id('ovn-nb', 'tcp:203.0.113.10:6641'),
  },
  {
    title: 'ovn-remote names a port without a server',
    check: 'databases',
    level: 'fail',
    says: /OVN_Southbound .*tcp:203\.0\.113\.10:6649/,
    how: () => on.id('ovn-remote', 'tcp:203.0.113.10:6649'),
    mend: () => on.id('ovn-remote', 'tcp:203.0.113.10:6642'),
  },
  {
    title: 'ovn-controller has crashed',
    check: 'daemons',
    level: 'fail',
    says: /ovn-controller has died/,
    how: () => on.signal('ovn/ovn-controller.pid', 'SIGKILL'),
    mend: () => gateway.host.daemon('ovn-controller', gateway.host.db, '--overwrite-pidfile'),
  },
  {
    title: 'ovs-vswitchd hangs',
    check: 'daemons',
    level: 'fail',
    says: /ovs-vswitchd does not answer/,
    how: () => on.signal('openvswitch/ovs-vswitchd.pid', 'SIGSTOP'),
    mend: () => on.signal('openvswitch/ovs-vswitchd.pid', 'SIGCONT'),
  },
  {
    title: 'the management port is down',
    check: 'nodes',
    level: 'fail',
    says: /k8s-gw1 is down/,
    how: async () => {
      await exitNodeDaemon(gateway);
      await on.ip('link set k8s-gw1 down');
    },
    mend: () => startNodeDaemon(gateway),
  },
  {
    title: 'another node does not answer',
    check: 'nodes',
    level: 'fail',
    says: /management port of node master, 10\.244\.1\.2 and fd00:10:244:1::2, does not answer/,
    how: async () => {
      await exitNodeDaemon(master);
      await master.host.net.ip('link set k8s-master down');
    },
    mend: () => startNodeDaemon(master),
  },
  {
    title: 'the daemon of the node does not run',
    check: 'daemons',
    level: 'fail',
    says: /ovn-k8s-node does not run/,
    how: () => exitNodeDaemon(gateway),
    mend: () => startNodeDaemon(gateway),
  },
  {
    title: 'the host has no route to services',
    check: 'services',
    level: 'fail',
    says: /no route to 10\.96\.0\.0\/16, fd00:10:96::\/112 by k8s-gw1/,
    how: async () => {
      await exitNodeDaemon(gateway);
      await on.ip('route del 10.96.0.0/16', 'route del fd00:10:96::/112');
    },
    mend: () => startNodeDaemon(gateway),
  },
  {
    title: 'the nft table of the node is missing',
    check: 'services',
    level: 'fail',
    says: /no nft table inet ovn-k8s-node/,
    how: async () => {
      await exitNodeDaemon(gateway);
      await on.nft('delete table inet ovn-k8s-node');
    },
    mend: () => startNodeDaemon(gateway),
  },
  {
    title: 'the subnet of services is not known',
    check: 'services',
    level: 'warn',
    says: /no external_ids:k8s-service-ip-subnet/,
    how: () => overlayWell(master, ...masterInit(master, 1), '--service-ip-subnet=none'),
    mend: () => overlayWell(master, ...masterInit(master, 1)),
  },
];

for (const { title, check, level, says, how, mend } of BREAKS) {
  labTest(`doctor reports it: ${title}`, async (t) => {
    await how();
    let last: readonly Found[] = [];
    const found = await until(
      `${check} to say ${says}`,
      async () => {
        const { exitCode, findings } = await doctor(gateway);
        last = findings;
        const one = findings.find(
          (each) => each.check === check && each.level === level && says.test(each.what),
        );
        return one && { ...one, exitCode };
      },
      15_000,
    ).catch(() => undefined);
    await mend();
    t.truthy(
      found,
      JSON.stringify(
        last.filter((one) => one.level !== 'ok'),
        undefined,
        1,
      ),
    );
    t.truthy(found?.remedy);
    if (level === 'fail') t.is(found?.exitCode, 1);
    await allWell(gateway);
  });
}

labTest("a listener among the pods' ports is reported with its program", async (t) => {
  const web = await startWebServer(gateway.host.net, 61_234);
  const { exitCode, findings } = await doctor(gateway);
  t.is(exitCode, 1);
  t.true(
    findings.some(({ what }) => /61234 of (node|MainThread) \(pid \d+\) listens there/.test(what)),
    JSON.stringify(findings),
  );
  await web.stop();
});

labTest('without Open vSwitch doctor still reports all that it can', async (t) => {
  const { stdout, exitCode } = await cluster.outside.attempt([
    ...['env', `OVS_RUNDIR=${cluster.lab.dir}/none`, `OVN_RUNDIR=${cluster.lab.dir}/none`],
    ...[process.execPath, executable('ovn-k8s-util'), 'doctor', '--timeout=1'],
  ]);
  t.is(exitCode, 1);
  t.regex(stdout, /^FAIL {2}daemons: ovs-vswitchd does not run/m);
  t.regex(stdout, /^FAIL {2}databases: .*db\.sock/m);
});
