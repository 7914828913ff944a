import { type Cidr, formatCidr, networkOf } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { formatPortRange, type PortRange, TRANSPORTS } from '../net/ports.js';
import { joinAddresses, ofFamily } from '../ovn/addresses.js';
import { gatewayLoadBalancerKey, KEYS } from '../ovn/keys.js';
import { externalSwitchName, gatewayRouterName, localPortName, outsideTo, toOutside } from '../ovn/names.js';
import { POD_MTU } from '../ovn/pods.js';
import { ownRoutes } from '../ovn/routes.js';
import { type Wanted, wanted } from '../ovn/rows.js';
import { portToJoin, switchPortTo } from './topology.js';

/** What a gateway router is made from. */
export interface GatewaySpec {
  readonly node: string;
  /** `external_ids:system-id` of its host. */
  readonly chassis: string;
  /** The bridge or NIC that carries it. */
  readonly device: string;
  /** Whether the host keeps its own traffic on that device. */
  readonly isShared: boolean;
  readonly mac: MacAddress;
  readonly mtu: number;
  readonly physical: readonly Cidr[];
  readonly join: readonly Cidr[];
  readonly clusterSubnets: readonly Cidr[];
  readonly defaultGateways: readonly IpAddress[];
  readonly rampout: readonly Cidr[];
  readonly snatRange: PortRange | undefined;
  readonly isFirst: boolean;
}

/** Seconds after which a neighbour is asked for again, so that a changed MAC of the gateway heals. */
const NEIGHBOUR_AGE = '300';

/** The rows of one gateway, beside the cluster router's routes. */
export function gatewayRows(spec: GatewaySpec): Wanted[] {
  const loadBalancers = gatewayLoadBalancers(spec.node);
  return [...loadBalancers, gatewayRouter(spec, loadBalancers), externalSwitch(spec)];
}

function gatewayLoadBalancers(node: string): Wanted[] {
  return TRANSPORTS.map((protocol) =>
    wanted('Load_Balancer', {
      is: { external_ids: new Map([[gatewayLoadBalancerKey(protocol), gatewayRouterName(node)]]) },
      set: { protocol },
    }),
  );
}

function gatewayRouter(spec: GatewaySpec, loadBalancers: readonly Wanted[]): Wanted {
  const { node, physical, join, mac } = spec;
  const name = gatewayRouterName(node);
  const mark = { [KEYS.gateway]: name };
  return wanted('Logical_Router', {
    is: { name },
    pairs: {
      options: {
        chassis: spec.chassis,
        // Services' clients appear as this router, so that replies come back to the gateway that has the connection.
        lb_force_snat_ip: join.map(({ address }) => address).join(' '),
        mac_binding_age_threshold: NEIGHBOUR_AGE,
      },
      external_ids: {
        [KEYS.physicalIp]: physical.map(({ address }) => address).join(','),
        [KEYS.firstGateway]: spec.isFirst ? 'yes' : undefined,
        [KEYS.rampout]: spec.rampout.length > 0 ? spec.rampout.map(formatCidr).join(',') : undefined,
        [KEYS.sharedBridge]: spec.isShared ? spec.device : undefined,
      },
    },
    holds: {
      ports: [
        portToJoin(name, join, { gateway_mtu: String(POD_MTU) }),
        wanted('Logical_Router_Port', {
          is: { name: toOutside(name) },
          set: { mac, networks: physical.map(formatCidr) },
          pairs: {
            external_ids: { [KEYS.gatewayPhysicalIp]: 'yes' },
            options: { gateway_mtu: String(spec.mtu) },
          },
        }),
      ],
      static_routes: ownRoutes(node, {
        clusterSubnets: spec.clusterSubnets,
        cluster: joinAddresses(1),
        defaultGateways: spec.defaultGateways,
        outPort: toOutside(name),
      }),
      nat: translations(spec, mark),
      load_balancer: loadBalancers,
    },
    sheds: { static_routes: mark, nat: mark },
  });
}

/** Pods leave with the gateway's address, from the range of ports that is theirs where there is one. */
function translations(spec: GatewaySpec, mark: Readonly<Record<string, string>>): Wanted[] {
  return spec.clusterSubnets.flatMap((subnet) => {
    const outer = ofFamily(spec.physical, subnet.family);
    if (outer === undefined) return [];
    return [
      wanted('NAT', {
        is: { type: 'snat', logical_ip: formatCidr(networkOf(subnet)) },
        set: {
          external_ip: outer.address,
          external_port_range: spec.snatRange === undefined ? '' : formatPortRange(spec.snatRange),
        },
        pairs: { external_ids: mark },
      }),
    ];
  });
}

/** The switch between the gateway router and the network outside; its local port learns, hence `unknown`. */
function externalSwitch({ node, device }: GatewaySpec): Wanted {
  const router = gatewayRouterName(node);
  const name = externalSwitchName(node);
  return wanted('Logical_Switch', {
    is: { name },
    holds: {
      ports: [
        wanted('Logical_Switch_Port', {
          is: { name: localPortName(device, node) },
          set: { addresses: ['unknown'] },
          pairs: { external_ids: { [KEYS.gateway]: router } },
        }),
        switchPortTo(outsideTo(router), toOutside(router)),
      ],
    },
    sheds: { ports: { [KEYS.gateway]: router } },
  });
}
