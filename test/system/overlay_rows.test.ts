import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Cluster, startCluster } from '../../lab/cluster.js';
import type { Host } from '../../lab/host.js';
import { labTest } from '../../lab/lab_test.js';
import type { Namespace } from '../../lab/namespace.js';
import {
  bridgeNics,
  cniDirectories,
  gatewayInit,
  masterInit,
  minionInit,
  northboundContents,
  northboundRows,
  overlay,
  overlayWell,
  SERVICE_SUBNET,
  subnetsOf,
} from '../../lab/overlay.js';
import { until, when } from '../../lab/until.js';

let cluster: Cluster;
let empty: string;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  cluster = await startCluster({ nodes: ['master', 'gw1', 'gw2'] });
  empty = await northboundRows(cluster);
  await bridgeNics(cluster);
});
test.after.always(() => cluster?.dispose());

const MASTER = 1;
const GW1 = 2;
const GW2 = 3;

labTest(
  'master-init and minion-init report that they are complete, and a second run changes nothing',
  async (t) => {
    const [master, gw1] = [cluster.master, cluster.node('gw1')];
    t.is(await overlayWell(master, ...masterInit(master, MASTER)), 'Initialization complete.');
    t.is(await overlayWell(gw1, ...minionInit(gw1, GW1)), 'Initialization complete.');
    const [rows, state] = [await northboundRows(cluster), await managementPort(gw1.host.net, 'k8s-gw1')];
    await overlayWell(master, ...masterInit(master, MASTER));
    await overlayWell(gw1, ...minionInit(gw1, GW1));
    t.is(await northboundRows(cluster), rows);
    t.is(await managementPort(gw1.host.net, 'k8s-gw1'), state);
  },
);

labTest("the node's own port has its MAC, addresses, MTU and a route to the cluster", async (t) => {
  const { net } = cluster.node('gw1').host;
  const [link] = JSON.parse(await net.exec(['ip', '-j', 'addr', 'show', 'k8s-gw1']));
  const { v4, v6 } = subnetsOf(GW1);
  t.is(link.mtu, 1400);
  t.is(link.address, '0a:58:0a:f4:02:02');
  const addresses = link.addr_info.map((one: { local: string }) => one.local);
  t.true(addresses.includes(`${v4}.2`) && addresses.includes(`${v6}:2`), addresses.join());
  const routes = await net.exec(['ip', 'route', 'show', 'dev', 'k8s-gw1']);
  t.regex(routes, /^10\.244\.0\.0\/16 via 10\.244\.2\.1/m);
  const routes6 = await net.exec(['ip', '-6', 'route', 'show', 'dev', 'k8s-gw1']);
  t.regex(routes6, /^fd00:10:244::\/48 via fd00:10:244:2::1/m);
});

labTest("the host's routes to services and routers follow --service-ip-subnet", async (t) => {
  const [master, gw1] = [cluster.master, cluster.node('gw1')];
  const again = async (subnet: string) => {
    await overlayWell(master, ...masterInit(master, MASTER), `--service-ip-subnet=${subnet}`);
    await overlayWell(gw1, ...minionInit(gw1, GW1));
  };
  const via = async (target: string) => {
    const [route] = JSON.parse(await gw1.host.net.exec(['ip', '-j', 'route', 'get', target]));
    return `${route.gateway} ${route.dev} ${route.prefsrc}`;
  };
  const { v4, v6 } = subnetsOf(GW1);
  const byManagement = [`${v4}.1 k8s-gw1 ${v4}.2`, `${v6}:1 k8s-gw1 ${v6}:2`];
  const routed = async (...targets: readonly string[]) => Promise.all(targets.map(via));
  t.deepEqual(await routed('10.96.0.1', 'fd00:10:96::1'), byManagement);
  t.deepEqual(await routed('100.64.1.2', 'fd98:64::2'), byManagement);
  await again('10.98.0.0/16');
  t.deepEqual(await routed('10.98.0.1'), byManagement.slice(0, 1));
  t.notRegex(await gw1.host.net.exec(['ip', 'route']), /10\.96\./);
  t.notRegex(await gw1.host.net.exec(['ip', '-6', 'route']), /fd00:10:96/);
  await again('none');
  t.notRegex(await gw1.host.net.exec(['ip', 'route']), /10\.98\./);
  await again(SERVICE_SUBNET);
  t.deepEqual(await routed('10.96.0.1', 'fd00:10:96::1'), byManagement);
});

labTest('minion-init links the plugin and writes its configuration', (t) => {
  const { dir } = cluster.node('gw1').host;
  t.regex(readlinkSync(join(dir, 'cni-bin/ovn_cni')), /ovn_cni\.cjs$/);
  t.like(JSON.parse(readFileSync(join(dir, 'net.d/10-net.conf'), 'utf8')), { type: 'ovn_cni' });
});

labTest(
  "the node's own port is the same after its switch crashed, and after a reboot and a second run",
  async (t) => {
    const { host } = cluster.node('gw1');
    const before = await managementPort(host.net, 'k8s-gw1');
    await host.killSwitch('SIGABRT');
    await until('the monitor process to restart the switch', async () =>
      when((await host.switchCrashes()) > 0),
    );
    await until('k8s-gw1 as it was', async () =>
      when((await managementPort(host.net, 'k8s-gw1')) === before),
    );
    await host.net.ip('addr flush dev k8s-gw1', 'link set k8s-gw1 down');
    await overlayWell(cluster.node('gw1'), ...minionInit(cluster.node('gw1'), GW1));
    t.is(await managementPort(host.net, 'k8s-gw1'), before);
  },
);

labTest(
  'gateways that are set up at the same time get different addresses, and one is the first gateway',
  async (t) => {
    const [gw1, gw2] = [cluster.node('gw1'), cluster.node('gw2')];
    await overlayWell(gw2, ...minionInit(gw2, GW2));
    await Promise.all([gw1, gw2].map((node) => overlayWell(node, ...gatewayInit(node))));
    const addresses = [await joinAddress('gw1'), await joinAddress('gw2')];
    t.deepEqual(addresses.toSorted(), ['100.64.1.2', '100.64.1.3']);
    t.is((await find('Logical_Router', 'external_ids:first_gateway=yes')).length, 1);
    t.is((await routes()).filter((route) => route.startsWith('0.0.0.0/0')).length, 1);
  },
);

labTest(
  'a second run of gateway-init changes nothing, and other arguments change the rows to fit',
  async (t) => {
    const gw2 = cluster.node('gw2');
    const rows = await northboundRows(cluster);
    await overlayWell(gw2, ...gatewayInit(gw2));
    t.is(await northboundRows(cluster), rows);

    const contents = await northboundContents(cluster);
    await overlayWell(
      gw2,
      ...gatewayInit(gw2, '--rampout-ip-subnets=10.244.1.0/24', '--snat-port-range=none'),
    );
    t.true((await routes()).includes(`10.244.1.0/24 ${await joinAddress('gw2')} src-ip`));
    const toPhysical = (await find('NAT', 'external_port_range=""', 'external_ip')).filter(
      (ip) => !/^(100\.64\.1\.|fd98:64::)/.test(ip),
    );
    const ofPodsAndClients = [gw2.v6, gw2.v6, gw2.v4, gw2.v4].toSorted();
    t.deepEqual(toPhysical, ofPodsAndClients, 'the others translate clients to endpoints in the cluster');

    await overlayWell(gw2, ...gatewayInit(gw2));
    t.deepEqual(await northboundContents(cluster), contents);
  },
);

labTest(
  "--reserve-host-ports narrows the host's ephemeral ports, also after a reboot, until a run without it",
  async (t) => {
    const gw2 = cluster.node('gw2');
    const values = async () =>
      (
        await gw2.host.exec([
          'sysctl',
          '-n',
          'net.ipv4.ip_local_port_range',
          'net.ipv4.ip_local_reserved_ports',
        ])
      )
        .trim()
        .split(/\s+/);
    t.deepEqual(await values(), ['32768', '60999', '61000-65535']);
    await leavesUpperPorts(gw2.host);
    for (const run of ['first', 'second']) {
      await overlayWell(gw2, ...gatewayInit(gw2, '--reserve-host-ports'));
      t.deepEqual(await values(), ['32768', '49151', '49152-65535'], run);
      t.deepEqual(
        await find('NAT', 'external_port_range="49152-65535"', 'external_ip'),
        [gw2.v6, gw2.v6, gw2.v4, gw2.v4].toSorted(),
      );
    }
    // Does what the next boot does.
    await gw2.host.exec(['sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=32768 60999']);
    await gw2.host.exec(['sysctl', '-q', '-p', '/etc/sysctl.d/60-ovn-k8s-gateway.conf']);
    t.deepEqual(await values(), ['32768', '49151', '49152-65535']);
    const { exitCode, stderr } = await overlay(gw2, ...gatewayInit(gw2, '--snat-port-range=50000-65535'));
    t.is(exitCode, 1);
    t.regex(
      stderr,
      /overlaps net\.ipv4\.ip_local_port_range 32768-60999/,
      'the range that the host would use again',
    );
    await overlayWell(gw2, ...gatewayInit(gw2));
    t.deepEqual(await values(), ['32768', '60999', '61000-65535']);
    await overlayWell(gw2, ...gatewayInit(gw2, '--reserve-host-ports'));
  },
);

labTest(
  "a gateway whose node gets another subnet translates the clients of the former subnet's pods",
  async (t) => {
    const gw1 = cluster.node('gw1');
    const translated = () => find('Address_Set', 'name=k8s_snat_gw1_ip4', 'addresses');
    const before = await translated();
    await overlayWell(gw1, ...minionInit(gw1, 77));
    const after = await translated();
    t.notDeepEqual(after, before);
    await overlayWell(gw1, ...gatewayInit(gw1));
    t.deepEqual(await translated(), after);
    await overlayWell(gw1, ...minionInit(gw1, GW1));
    t.deepEqual(await translated(), before);
  },
);

labTest(
  "pods on a gateway's node leave by that gateway until another gateway ramps their subnet out",
  async (t) => {
    const [gw1, gw2] = [cluster.node('gw1'), cluster.node('gw2')];
    const [by1, by2] = [await joinAddress('gw1'), await joinAddress('gw2')];
    t.true((await routes()).includes(`10.244.${GW1}.0/24 ${by1} src-ip`), (await routes()).join('; '));
    await overlayWell(gw2, ...gatewayInit(gw2, `--rampout-ip-subnets=10.244.${GW1}.0/24`));
    t.deepEqual(await routesFor(`10.244.${GW1}.0/24`), [`10.244.${GW1}.0/24 ${by2} src-ip`]);
    await overlayWell(gw1, ...gatewayInit(gw1));
    t.deepEqual(await routesFor(`10.244.${GW1}.0/24`), [`10.244.${GW1}.0/24 ${by2} src-ip`]);
    await overlayWell(gw2, ...gatewayInit(gw2));
    t.deepEqual(await routesFor(`10.244.${GW1}.0/24`), [`10.244.${GW1}.0/24 ${by1} src-ip`]);
  },
);

labTest('the remaining gateway becomes the first one after gateway-deinit of the first', async (t) => {
  const [first] = await find('Logical_Router', 'external_ids:first_gateway=yes');
  const [leaving, staying] = first === 'GR_gw1' ? ['gw1', 'gw2'] : ['gw2', 'gw1'];
  t.is(await overlayWell(cluster.node(leaving), 'gateway-deinit', `--node-name=${leaving}`), '');
  t.deepEqual(await find('Logical_Router', 'external_ids:first_gateway=yes'), [`GR_${staying}`]);
  t.deepEqual(await routesFor('0.0.0.0/0'), [`0.0.0.0/0 ${await joinAddress(staying)} dst-ip`]);
  t.deepEqual(await routesFor('::/0'), [
    `::/0 fd98:64::${(await joinAddress(staying)).split('.').at(-1)} dst-ip`,
  ]);
});

labTest('gateway-deinit on a node that is not a gateway reports that, and changes nothing', async (t) => {
  const [first] = await find('Logical_Router', 'external_ids:first_gateway=yes');
  const node = first === 'GR_gw1' ? 'gw2' : 'gw1';
  const rows = await northboundRows(cluster);
  const said = await overlayWell(cluster.node(node), 'gateway-deinit', `--node-name=${node}`);
  t.is(said, `${node} is not a gateway: there is nothing to undo.`);
  t.is(await northboundRows(cluster), rows);
});

labTest('the inverse commands leave no trace', async (t) => {
  for (const name of ['gw1', 'gw2']) {
    const node = cluster.node(name);
    await overlayWell(node, 'gateway-deinit', `--node-name=${name}`);
    await overlayWell(node, 'minion-deinit', `--node-name=${name}`, ...cniDirectories(node));
  }
  await overlayWell(cluster.master, 'master-deinit', '--node-name=master');
  t.is(await northboundRows(cluster), empty);
  for (const { host } of cluster.nodes) {
    t.is(await host.vsctl('--columns=name', '--bare', 'find', 'Interface', 'type=patch'), '');
    t.notRegex(await host.vsctl('list-ports', 'br-int'), /k8s-/);
    t.notRegex(await host.vsctl('get', 'Bridge', 'breth0', 'external_ids'), /k8s-/);
    t.is((await host.exec(['sysctl', '-n', 'net.ipv4.ip_local_reserved_ports'])).trim(), '');
    t.regex(await host.exec(['sysctl', '-n', 'net.ipv4.ip_local_port_range']), /^32768\s60999$/m);
    t.is((await host.exec(['ls', '/etc/sysctl.d'])).trim(), '');
  }
});

/** Makes ovn-controller reconnect from a port outside the upper range. */
async function leavesUpperPorts(host: Host): Promise<void> {
  const remote = (await host.vsctl('get', 'Open_vSwitch', '.', 'external_ids:ovn-remote')).trim();
  await host.net.sysctl({ 'net.ipv4.ip_local_port_range': '32768 49151' });
  await host.vsctl('remove', 'Open_vSwitch', '.', 'external_ids', 'ovn-remote');
  await host.vsctl('set', 'Open_vSwitch', '.', `external_ids:ovn-remote=${remote}`);
  await until('no connection from the upper ports', async () =>
    when(!/:(49[2-9]|5)\d+ +203/.test(await host.exec(['ss', '-Htn']))),
  );
  await host.net.sysctl({ 'net.ipv4.ip_local_port_range': '32768 60999' });
}

/** Returns the facts that must stay the same, without the device's index and the kernel's carrier counters. */
async function managementPort(net: Namespace, device: string): Promise<string> {
  const ask = async (...args: readonly string[]) => JSON.parse(await net.exec(['ip', '-j', ...args]));
  const [[link], routes, routes6] = await Promise.all([
    ask('addr', 'show', device),
    ask('-4', 'route', 'show', 'dev', device),
    ask('-6', 'route', 'show', 'dev', device),
  ]);
  const { address, mtu, flags, addr_info } = link;
  return JSON.stringify({
    address,
    mtu,
    isUp: flags.includes('LOWER_UP'),
    addresses: addr_info.filter((one: { scope: string }) => one.scope === 'global'),
    routes: [...routes, ...routes6].map(({ dst, gateway }: { dst: string; gateway?: string }) => [
      dst,
      gateway,
    ]),
  });
}

async function joinAddress(node: string): Promise<string> {
  const networks = await cluster.nbctl('get', 'Logical_Router_Port', `rtoj-GR_${node}`, 'networks');
  return /100\.64\.1\.\d+/.exec(networks)?.[0] ?? '';
}

async function find(table: string, condition: string, column = 'name'): Promise<string[]> {
  const found = await cluster.nbctl('--bare', `--columns=${column}`, 'find', table, condition);
  return found.split('\n').filter(Boolean).toSorted();
}

async function routes(): Promise<string[]> {
  const list = await cluster.nbctl('lr-route-list', 'master');
  return list.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 3).join(' '));
}

async function routesFor(prefix: string): Promise<string[]> {
  return (await routes()).filter((route) => route.startsWith(`${prefix} `));
}
