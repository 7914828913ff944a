import { runIp } from '../host/iproute_write.js';
import { readInterface } from '../host/read_snapshot.js';
import { type Interface, isInMain } from '../host/snapshot.js';
import { readSysctl, type SysctlChange, sysctlPath, writeSysctls } from '../host/sysctls.js';
import { type Cidr, formatCidr, networkOf } from '../net/cidr.js';
import type { LocalDatabase } from '../switch/connection.js';
import { awaitPortDevice } from '../switch/opened_port.js';
import { JOIN_NETWORKS, managementAddresses, ofFamily, routerAddresses } from './addresses.js';
import { managementInterfaceName } from './names.js';
import { POD_MTU } from './pods.js';

/** What a node's management port depends on. */
export interface ManagementPort {
  /** The subnets of the node's switch, one a family. */
  readonly subnets: readonly Cidr[];
  /** The subnets of all pods. */
  readonly clusterSubnets: readonly Cidr[];
  /** The subnets of all ClusterIPs. */
  readonly serviceSubnets: readonly Cidr[];
}

/** Returns the networks that are reached by the management port. */
export function managementNetworks({
  clusterSubnets,
  serviceSubnets,
}: Pick<ManagementPort, 'clusterSubnets' | 'serviceSubnets'>): Cidr[] {
  return [...clusterSubnets, ...serviceSubnets, ...JOIN_NETWORKS];
}

/**
 * Returns the `ip` commands that give the management interface its MTU and addresses, and routes to the pods, the
 * services and the routers of the cluster, and that remove those of earlier subnets; none if all are right. Other routing
 * tables than `main` are left alone.
 */
export function managementPortCommands(
  actual: Interface,
  { subnets, ...networks }: ManagementPort,
): string[][] {
  const { device } = actual;
  const addresses = managementAddresses(subnets).map(formatCidr);
  const routes = managementNetworks(networks).flatMap((network) => {
    const router = ofFamily(routerAddresses(subnets), network.family);
    return router === undefined ? [] : [{ to: formatCidr(networkOf(network)), via: String(router.address) }];
  });
  const haveAddresses = actual.addresses
    .filter(({ scope }) => scope === 'global')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  const haveRoutes = actual.routes
    .filter(isInMain)
    .flatMap(({ dst, gateway }) => (gateway === undefined ? [] : [{ to: dst, via: gateway }]));
  const isIn = (all: readonly { to: string; via: string }[], one: { to: string; via: string }) =>
    all.some(({ to, via }) => to === one.to && via === one.via);
  const isUp = actual.link.flags.includes('UP');
  const has = (address: string) => haveAddresses.includes(address);
  return [
    ...(isUp && actual.link.mtu === POD_MTU ? [] : [['link', 'set', device, 'mtu', String(POD_MTU), 'up']]),
    ...haveRoutes
      .filter((one) => !isIn(routes, one))
      .map(({ to, via }) => ['route', 'del', to, 'via', via, 'dev', device]),
    ...haveAddresses
      .filter((address) => !addresses.includes(address))
      .map((address) => ['addr', 'del', address, 'dev', device]),
    ...managementAddresses(subnets)
      .filter((address) => !has(formatCidr(address)))
      .map((address) => {
        const nodad = address.family === 6 ? ['nodad'] : [];
        return ['addr', 'add', formatCidr(address), 'dev', device, ...nodad];
      }),
    ...routes
      // The kernel deletes an address's routes with it, so all routes are set again if an address changes.
      .filter((one) => !isIn(haveRoutes, one) || !addresses.every(has))
      .map(({ to, via }) => ['route', 'replace', to, 'via', via, 'dev', device]),
  ];
}

/** Waits until ovs-vswitchd has created `k8s-NODE`, then configures it in the kernel. */
export async function setUpManagementPort(
  db: LocalDatabase,
  node: string,
  port: ManagementPort,
  timeoutMs: number,
): Promise<void> {
  const device = managementInterfaceName(node);
  await awaitPortDevice(db, device, timeoutMs);
  writeSysctls(advertisementChanges(device));
  const commands = managementPortCommands(await readInterface(device), port);
  for (const command of commands) await runIp(...command);
}

/** Returns the change that makes the host ignore router advertisements on `device`: pods can send them, no router does. */
export function advertisementChanges(
  device: string,
  read: typeof readSysctl = readSysctl,
): readonly SysctlChange[] {
  const name = `net/ipv6/conf/${device}/accept_ra`;
  const old = read(name);
  return old === undefined || old === '0' ? [] : [{ path: sysctlPath(name), value: '0', old }];
}
