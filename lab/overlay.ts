import { join } from 'node:path';
import type { Cluster, Node } from './cluster.js';
import { ROUTER } from './cluster.js';
import type { Outcome } from './namespace.js';
import { executable } from './project.js';

/** The cluster's pod subnets, in both families. */
export const CLUSTER_SUBNET = '10.244.0.0/16,fd00:10:244::/48';

/** The subnets of all ClusterIPs, in both families; the lab's API server has the first. */
export const SERVICE_SUBNET = '10.96.0.0/16,fd00:10:96::/112';

/** Returns the subnets of node `n`. The router's port has address 1 in them, the node's own port address 2. */
export function subnetsOf(n: number): { v4: string; v6: string } {
  return { v4: `10.244.${n}`, v6: `fd00:10:244:${n}:` };
}

/** Returns the value of `--minion-switch-subnet` for node `n`. */
export function subnetOption(n: number): string {
  const { v4, v6 } = subnetsOf(n);
  return `${v4}.0/24,${v6}:/64`;
}

/** Runs `ovn-k8s-overlay` on a node; resolves with any exit code. */
export function overlay({ host }: Node, ...args: readonly string[]): Promise<Outcome> {
  return host.run('ovn-k8s-overlay', args);
}

/** Runs `ovn-k8s-overlay` on a node; rejects with its error message if it fails. */
export async function overlayWell(node: Node, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await overlay(node, ...args);
  if (exitCode !== 0) throw new Error(`ovn-k8s-overlay ${args.join(' ')} exited with ${exitCode}: ${stderr}`);
  return stdout;
}

export function masterInit(node: Node, n: number): readonly string[] {
  return [
    'master-init',
    `--cluster-ip-subnet=${CLUSTER_SUBNET}`,
    `--service-ip-subnet=${SERVICE_SUBNET}`,
    `--master-switch-subnet=${subnetOption(n)}`,
    `--node-name=${node.host.label}`,
  ];
}

export function minionInit(node: Node, n: number): readonly string[] {
  return [
    'minion-init',
    `--cluster-ip-subnet=${CLUSTER_SUBNET}`,
    `--minion-switch-subnet=${subnetOption(n)}`,
    `--node-name=${node.host.label}`,
    ...cniDirectories(node),
  ];
}

export function cniDirectories({ host }: Node): readonly string[] {
  return [`--cni-conf-dir=${join(host.dir, 'net.d')}`, `--cni-bin-dir=${join(host.dir, 'cni-bin')}`];
}

/** Returns the arguments of `gateway-init` for a shared NIC, in both families. */
export function gatewayInit(node: Node, ...more: readonly string[]): readonly string[] {
  return [
    'gateway-init',
    `--cluster-ip-subnet=${CLUSTER_SUBNET}`,
    '--bridge-interface=breth0',
    `--physical-ip=${node.v4}/24,${node.v6}/64`,
    `--default-gw=${ROUTER.v4},${ROUTER.v6}`,
    `--node-name=${node.host.label}`,
    ...more,
  ];
}

/** Starts the gateway helper on a node; resolves when its first flows are in place. */
export async function startGatewayHelper({ host }: Node, ...more: readonly string[]): Promise<void> {
  await host.exec([
    process.execPath,
    executable('ovn-k8s-gateway-helper'),
    ...['--physical-bridge=breth0', '--physical-interface=eth0', '--detach', '--pidfile', '--log-file'],
    ...['-vconsole:off', ...more],
  ]);
}

/** Returns the northbound database's rows with their `_uuid`, without the counters that `ovn-northd` writes there. */
export async function northboundRows(cluster: Cluster): Promise<string> {
  const { host } = cluster.master;
  const remote = `unix:${join(host.dir, 'ovn/ovnnb_db.sock')}`;
  const dump = await host.exec(['ovsdb-client', 'dump', '--format=json', remote, 'OVN_Northbound']);
  return dump
    .split('\n')
    .filter((line) => !/^\{"caption":"(NB_Global|Connection|SSL) table"/.test(line) && line !== '')
    .map(withoutStatus)
    .sort()
    .join('\n');
}

/** Returns the options of pod `k` on node `n`, in both families. */
export function podOptions(node: { readonly host: { readonly label: string } }, n: number, k: number) {
  const { v4, v6 } = subnetsOf(n);
  return {
    on: node.host.label,
    mac: `0a:58:0a:f4:0${n}:${(k + 16).toString(16)}`,
    addresses: [`${v4}.${k + 16}/24`, `${v6}:${k + 16}/64`],
    gateways: [`${v4}.1`, `${v6}:1`],
  };
}

/** Returns the rows without their `_uuid`. Two databases that serve the same have equal results. */
export async function northboundContents(cluster: Cluster): Promise<readonly string[]> {
  const text = (await northboundRows(cluster)).replaceAll(
    /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
    'uuid',
  );
  return text.split('\n').flatMap((line) => {
    const { caption, data } = JSON.parse(line) as { caption: string; data: unknown[][] };
    return data.map((row) => `${caption} ${JSON.stringify(row)}`).toSorted();
  });
}

/**
 * Sets a cluster up: moves the NICs of `nodes` to bridges, and runs master-init on the first of them, minion-init on the
 * others, and gateway-init on the gateways.
 */
export async function initCluster(
  cluster: Cluster,
  gateways: readonly string[] = [],
  nodes: readonly Node[] = cluster.nodes,
): Promise<void> {
  await bridgeNics({ nodes });
  for (const [index, node] of nodes.entries())
    await overlayWell(node, ...(index === 0 ? masterInit : minionInit)(node, index + 1));
  for (const gateway of gateways.map((label) => cluster.node(label)))
    await overlayWell(gateway, ...gatewayInit(gateway));
}

/** Puts each node's eth0 on breth0. */
export async function bridgeNics({ nodes }: Pick<Cluster, 'nodes'>): Promise<void> {
  await Promise.all(
    nodes.map(async ({ host }) => {
      const { exitCode, stderr } = await host.run('ovn-k8s-util', ['nics-to-bridge', 'eth0']);
      if (exitCode !== 0) throw new Error(`nics-to-bridge on ${host.label}: ${stderr}`);
    }),
  );
}

/** Removes `up` of a logical port: the southbound database sets it, not the product. */
function withoutStatus(line: string): string {
  const table = JSON.parse(line) as { caption: string; headings: string[]; data: unknown[][] };
  const up = table.headings.indexOf('up');
  const data = table.data.map((row) => row.map((value, column) => (column === up ? null : value)));
  return JSON.stringify({ ...table, data });
}

/** Starts the node's daemon; resolves when it is ready. Without an API server in its settings it follows no services. */
export async function startNodeDaemon({ host }: Node, ...more: readonly string[]): Promise<void> {
  await host.exec([
    process.execPath,
    executable('ovn-k8s-node'),
    ...['--detach', '--pidfile', '--log-file', '-vconsole:off', ...more],
  ]);
}
