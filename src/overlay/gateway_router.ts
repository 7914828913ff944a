import { type Cidr, formatCidr, networkOf } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { formatPortRange, type PortRange } from '../net/ports.js';
import { anywhere, joinAddresses, ofFamily } from '../ovn/addresses.js';
import type { GatewaySets } from '../ovn/gateway_sets.js';
import { KEYS } from '../ovn/keys.js';
import { externalSwitchName, gatewayRouterName, localPortName, outsideTo, toOutside } from '../ovn/names.js';
import { POD_MTU } from '../ovn/pods.js';
import { ownRoutes } from '../ovn/routes.js';
import { type Wanted, wanted } from '../ovn/rows.js';
import { balancerGroup, portToJoin, switchPortTo } from './topology.js';

/** What the rows of a gateway depend on. */
export interface GatewaySpec {
  readonly node: string;
  /** `external_ids:system-id` of the gateway's host. */
  readonly chassis: string;
  /** The bridge or NIC that carries the gateway's traffic. */
  readonly device: string;
  /** Whether the host uses the device too. */
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
  /** The destinations that clients are translated for, one a family. */
  readonly sets: readonly GatewaySets[];
}

/**
 * Seconds after which OVN asks for a neighbour's MAC again, so that it learns a changed MAC of the default gateway.
 */
const NEIGHBOUR_AGE = '300';

/** Returns the desired rows of a gateway, except the cluster router's routes. */
export function gatewayRows(spec: GatewaySpec): Wanted[] {
  return [gatewayRouter(spec), externalSwitch(spec)];
}

function gatewayRouter(spec: GatewaySpec): Wanted {
  const { node, physical, join, mac } = spec;
  const name = gatewayRouterName(node);
  const mark = { [KEYS.gateway]: name };
  return wanted('Logical_Router', {
    is: { name },
    pairs: {
      options: {
        chassis: spec.chassis,
        // An earlier version translated clients by this option, which misses retransmitted packets.
        lb_force_snat_ip: undefined,
        mac_binding_age_threshold: NEIGHBOUR_AGE,
      },
      external_ids: {
        [KEYS.physicalIp]: physical.map(({ address }) => address).join(','),
        [KEYS.firstGateway]: spec.isFirst ? 'yes' : undefined,
        [KEYS.rampout]: spec.rampout.length > 0 ? spec.rampout.map(formatCidr).join(',') : undefined,
        [KEYS.sharedBridge]: spec.isShared ? spec.device : undefined,
        // No helper says what a gateway with a NIC of its own serves; a former one's word would stand for ever.
        ...(spec.isShared ? {} : { [KEYS.served]: undefined }),
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
      nat: [...translations(spec, mark), ...clientTranslations(spec, mark)],
      load_balancer_group: [balancerGroup(name)],
    },
    sheds: { static_routes: mark, nat: mark },
  });
}

/**
 * Returns the SNAT rules: pods' connections leave with the gateway's address and, if there is one, from the port
 * range.
 */
function translations(spec: GatewaySpec, mark: Readonly<Record<string, string>>): Wanted[] {
  return spec.clusterSubnets.flatMap((subnet) => {
    const outer = ofFamily(spec.physical, subnet.family);
    if (outer === undefined) return [];
    return [
      wanted('NAT', {
        is: { type: 'snat', logical_ip: formatCidr(networkOf(subnet)) },
        set: { external_ip: outer.address, external_port_range: portRange(spec) },
        pairs: { external_ids: mark },
      }),
    ];
  });
}

/**
 * Returns the SNAT rules for clients of services. They appear as this router to endpoints in the cluster, so that replies
 * return to the gateway that tracks the connection. To endpoints outside they appear like pods: as the gateway's address,
 * with a port of the range.
 */
function clientTranslations(spec: GatewaySpec, mark: Readonly<Record<string, string>>): Wanted[] {
  return spec.sets.flatMap(({ family, translated, outside }) => {
    const rule = (own: Cidr | undefined, range: string, destinations: Wanted) =>
      own === undefined
        ? []
        : [
            wanted('NAT', {
              is: { type: 'snat', logical_ip: anywhere(family), external_ip: own.address },
              set: { external_port_range: range },
              pairs: { external_ids: mark },
              refers: { allowed_ext_ips: destinations },
            }),
          ];
    return [
      ...rule(ofFamily(spec.join, family), '', translated),
      ...rule(ofFamily(spec.physical, family), portRange(spec), outside),
    ];
  });
}

function portRange({ snatRange }: GatewaySpec): string {
  return snatRange === undefined ? '' : formatPortRange(snatRange);
}

/**
 * Returns the external switch, between gateway router and network. Its local port accepts any MAC (`unknown`,
 * ovn-nb(5)).
 */
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
