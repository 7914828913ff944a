// master-init, minion-init, gateway-init and their inverses: from options to desired rows, committed as differences.
// Each command writes the local database, then the kernel, OVN's northbound last; it refuses before its first change.
// Here: gateway-init. node_init.ts makes nodes, topology.ts and gateway_router.ts are the desired rows.

import { readEphemeralRange } from '../host/ephemeral_ports.js';
import { readHostSockets } from '../host/sockets.js';
import { type Cidr, formatCidr } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';
import { formatPortRange, type PortRange } from '../net/ports.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import { deleteOtherSets, gatewaySets, setRows } from '../ovn/gateway_sets.js';
import {
  chooseJoinAddresses,
  type Gateway,
  readGateways,
  readNodeSubnets,
  readServiceSubnets,
  theClusterRouter,
} from '../ovn/gateways.js';
import { gatewayRouterName, localPortName } from '../ovn/names.js';
import { readNodeHosts } from '../ovn/node_hosts.js';
import { displacePod } from '../ovn/pods.js';
import { gatewayRoutes, ROUTER_MARK } from '../ovn/routes.js';
import { reconcileRows } from '../ovn/rows.js';
import { requireSystemId, SYSTEM_ID } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import {
  nodeSubnets,
  refuseRampout,
  refuseServiceNetwork,
  refuseSubnetLengths,
  refuseTakenAddress,
} from './checks.js';
import { commitNorthbound, type DatabaseOptions, type Databases, withDatabases } from './databases.js';
import { type GatewaySpec, gatewayRows } from './gateway_router.js';
import { formerEphemeralRange, reserveHostPorts } from './host_ports.js';
import { connectPhysical, type Device, formerRange, readPhysical, yieldNic } from './physical.js';
import { isIn, isOwn, refuseUsedRange } from './port_checks.js';
import { clusterRouter, joinSwitch } from './topology.js';
import { checkWire } from './wire_checks.js';

/** The options of `gateway-init`. */
export interface GatewayOptions extends DatabaseOptions {
  readonly node: string;
  readonly clusterSubnets: readonly Cidr[];
  readonly physical: readonly Cidr[];
  readonly defaultGateways: readonly IpAddress[];
  readonly rampout: readonly Cidr[];
  readonly device: Device;
  /** The ports of pods' connections; `undefined` if host and pods take ports from the same range. */
  readonly snatRange: PortRange | undefined;
  /** The host's new ephemeral range; `undefined` restores the range from before any `gateway-init`. */
  readonly ephemeral: PortRange | undefined;
  readonly sysctlDir: string;
  /** Whether to go on if another host has an address, or a default gateway does not answer. */
  readonly force: boolean;
}

/**
 * Makes this host a gateway.
 * @returns notes for the operator, one line each
 */
export async function gatewayInit(options: GatewayOptions): Promise<string[]> {
  const { node, snatRange, ephemeral, sysctlDir } = options;
  return withDatabases(options, async (databases) => {
    const { local, nb, systemIds, timeoutMs } = databases;
    const integration = integrationBridge(systemIds);
    const chassis = requireSystemId(systemIds, SYSTEM_ID, node);
    const device = await readPhysical(local, options.device, integration);
    const localPort = localPortName(device.name, node);
    let displaced: string | undefined;
    const build = (txn: NorthboundTransaction) => {
      displaced = displacePod(nb, txn, localPort);
      addGateway(databases, txn, options, { chassis, mac: device.mac, mtu: device.mtu });
    };

    // All refusals come before the first change.
    const sockets = snatRange === undefined ? [] : (await readHostSockets()).filter(isIn(snatRange));
    if (snatRange !== undefined)
      refuseUsedRange(
        snatRange,
        ephemeral ?? formerEphemeralRange(sysctlDir) ?? readEphemeralRange(),
        sockets.filter((socket) => !isOwn(socket)),
      );
    build(nb.transaction('check'));
    const remarks = await checkWire(
      {
        device,
        addresses: options.physical.map(({ address }) => address),
        gateways: options.defaultGateways,
      },
      { force: options.force, timeoutMs },
    );

    reserveHostPorts({ range: snatRange, former: formerRange(local, device.name), ephemeral, sysctlDir });
    // Replies to ports of the range will go to the pods, so the northbound connection needs a port outside of it.
    if (sockets.some(isOwn)) await nb.reconnect();
    const txn = local.transaction(`ovn-k8s-overlay: gateway-init ${node}`);
    connectPhysical(local, txn, device, {
      node,
      integration,
      systemIds,
      addresses: options.physical,
      snatRange,
    });
    await txn.commit({ timeoutMs });
    await yieldNic(device, systemIds);
    await commitNorthbound(databases, `gateway-init ${node}`, build);
    const notes = displaced === undefined ? [] : [noteOnPod(displaced, localPort)];
    return [...notes, ...remarks, ...noteOnAddresses(options, device.addresses), ...noteOnRange(options)];
  });
}

function addGateway(
  { nb }: Databases,
  txn: NorthboundTransaction,
  options: GatewayOptions,
  host: Pick<GatewaySpec, 'chassis' | 'mac' | 'mtu'>,
): void {
  const { node, physical, rampout, device, clusterSubnets } = options;
  const router = theClusterRouter(nb);
  const others = readGateways(nb).filter((gateway) => gateway.node !== node);
  const hosts = readNodeHosts(nb).filter((host) => host.node !== node);
  refuseTakenAddress(others, hosts, physical);
  refuseRampout(nb, others, rampout);
  const services = readServiceSubnets(nb);
  for (const network of physical) refuseServiceNetwork(services, network, 'of --physical-ip');
  const own: Gateway = {
    node,
    join: chooseJoinAddresses(nb, node),
    isFirst: !others.some(({ isFirst }) => isFirst),
    physical: physical.map(({ address }) => address),
    isShared: device.kind === 'bridge',
    rampout,
    subnets: readNodeSubnets(nb, node),
    clusterSubnets,
  };
  refuseSubnetLengths([...others, own], nodeSubnets(nb, node, own.subnets));
  const { isFirst, isShared, join } = own;
  const all = [...others, own];
  const allSets = gatewaySets(all, services);
  const sets = allSets.filter((one) => one.node === node);
  const rows = gatewayRows({ ...options, ...host, device: device.name, isShared, join, isFirst, sets });
  deleteOtherSets(nb, txn, node, allSets);
  reconcileRows(nb, txn, [
    clusterRouter(router, { static_routes: gatewayRoutes(all) }, { static_routes: ROUTER_MARK }),
    joinSwitch(gatewayRouterName(node)),
    ...setRows(allSets),
    ...rows,
  ]);
}

/** An author of Pods can give a pod the name of this port, and so must not be able to stop the command. */
function noteOnPod(pod: string, port: string): string {
  return `Logical_Switch_Port ${port} was that of Pod ${pod} and is the gateway's now; give the pod another name`;
}

function noteOnAddresses({ device, physical }: GatewayOptions, present: readonly string[]): string[] {
  const missing = physical.map(formatCidr).filter((address) => !present.includes(address));
  return device.kind === 'nic' || missing.length === 0
    ? []
    : [
        `${device.name} does not have ${missing.join(', ')}; the gateway helper uses only addresses that ${device.name} has`,
      ];
}

/** Returns a note on how many connections the port range allows, which matters to a host with many pods. */
function noteOnRange({ device, snatRange, physical }: GatewayOptions): string[] {
  if (device.kind === 'nic') return [];
  if (snatRange === undefined)
    return [
      "without a --snat-port-range a pod's connection can take the port of a host's connection, which then dies",
    ];
  const ports = snatRange.hi - snatRange.lo + 1;
  const from = physical.map(({ address }) => address).join(' and ');
  return [
    `ports ${formatPortRange(snatRange)} of ${from} are the pods': at most ${ports} connections at a time per protocol to one server address and port`,
  ];
}
