import { type Cidr, formatCidr } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';
import { formatPortRange, type PortRange } from '../net/ports.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import {
  chooseJoinAddresses,
  type Gateway,
  readGateways,
  readNodeSubnets,
  theClusterRouter,
} from '../ovn/gateways.js';
import { gatewayRouterName } from '../ovn/names.js';
import { gatewayRoutes, ROUTE_MARK } from '../ovn/routes.js';
import { reconcileRows } from '../ovn/rows.js';
import { requireSystemId, SYSTEM_ID } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { refuseRampout, refuseTakenAddress } from './checks.js';
import { commitNorthbound, type DatabaseOptions, type Databases, withDatabases } from './databases.js';
import { type GatewaySpec, gatewayRows } from './gateway_router.js';
import { formerEphemeralRange, readEphemeralRange, reserveHostPorts } from './host_ports.js';
import { connectPhysical, type Device, formerRange, readPhysical, yieldNic } from './physical.js';
import { isIn, isOwn, readHostSockets, refuseUsedRange } from './port_checks.js';
import { clusterRouter, joinSwitch } from './topology.js';
import { checkWire } from './wire_checks.js';

/** What `gateway-init` is told. */
export interface GatewayOptions extends DatabaseOptions {
  readonly node: string;
  readonly clusterSubnets: readonly Cidr[];
  readonly physical: readonly Cidr[];
  readonly defaultGateways: readonly IpAddress[];
  readonly rampout: readonly Cidr[];
  readonly device: Device;
  /** Ports of pods' connections; `undefined` where host and pods take theirs from the same. */
  readonly snatRange: PortRange | undefined;
  /** Narrow the host's ephemeral range to this. */
  readonly ephemeral: PortRange | undefined;
  readonly sysctlDir: string;
  /** Go on though somebody else has an address, or a router does not answer. */
  readonly force: boolean;
}

/**
 * Makes this host a gateway.
 * @returns what the operator should know, one line each
 */
export async function gatewayInit(options: GatewayOptions): Promise<string[]> {
  const { node, snatRange, ephemeral, sysctlDir } = options;
  return withDatabases(options, async (databases) => {
    const { local, nb, systemIds, timeoutMs } = databases;
    const integration = integrationBridge(systemIds);
    const chassis = requireSystemId(systemIds, SYSTEM_ID, node);
    const device = await readPhysical(local, options.device, integration);
    const build = (txn: NorthboundTransaction) =>
      addGateway(databases, txn, options, { chassis, mac: device.mac, mtu: device.mtu });

    // Everything that could be refused is, before anything is changed.
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
    // What is answered to a port of the range goes to the pods in a moment: the host gives out others by now.
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
    return [...remarks, ...noteOnAddresses(options, device.addresses), ...noteOnRange(options)];
  });
}

function addGateway(
  { nb }: Databases,
  txn: NorthboundTransaction,
  options: GatewayOptions,
  host: Pick<GatewaySpec, 'chassis' | 'mac' | 'mtu'>,
): void {
  const { node, physical, rampout, device } = options;
  const router = theClusterRouter(nb);
  const others = readGateways(nb).filter((gateway) => gateway.node !== node);
  refuseTakenAddress(others, physical);
  refuseRampout(nb, others, rampout);
  const own: Gateway = {
    node,
    join: chooseJoinAddresses(nb, node),
    isFirst: !others.some(({ isFirst }) => isFirst),
    physical: physical.map(({ address }) => address),
    isShared: device.kind === 'bridge',
    rampout,
    subnets: readNodeSubnets(nb, node),
  };
  const { isFirst, isShared, join } = own;
  const rows = gatewayRows({ ...options, ...host, device: device.name, isShared, join, isFirst });
  reconcileRows(nb, txn, [
    clusterRouter(router, { static_routes: gatewayRoutes([...others, own]) }, { static_routes: ROUTE_MARK }),
    joinSwitch(gatewayRouterName(node)),
    ...rows,
  ]);
}

function noteOnAddresses({ device, physical }: GatewayOptions, present: readonly string[]): string[] {
  const missing = physical.map(formatCidr).filter((address) => !present.includes(address));
  return device.kind === 'nic' || missing.length === 0
    ? []
    : [`${device.name} does not have ${missing.join(', ')}; the helper goes by what it has`];
}

/** How many connections the range allows: an operator of many pods must know. */
function noteOnRange({ device, snatRange, physical }: GatewayOptions): string[] {
  if (device.kind === 'nic') return [];
  if (snatRange === undefined)
    return [
      'without a --snat-port-range a connection of a pod can take the port of one of the host, which then dies',
    ];
  const ports = snatRange.hi - snatRange.lo + 1;
  const from = physical.map(({ address }) => address).join(' and ');
  return [
    `ports ${formatPortRange(snatRange)} of ${from} are the pods': at most ${ports} connections at a time to one server's address and port, a protocol`,
  ];
}
