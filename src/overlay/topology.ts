import type { Cidr } from '../net/cidr.js';
import { formatCidr, networkOf } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { joinAddresses, macFor, managementAddresses, ofFamily, routerAddresses } from '../ovn/addresses.js';
import { KEYS } from '../ovn/keys.js';
import {
  CLUSTER_BALANCERS,
  JOIN_SWITCH,
  joinTo,
  managementPortName,
  nodeBalancersName,
  switchTo,
  toJoin,
  toSwitch,
} from '../ovn/names.js';
import { type Wanted, wanted } from '../ovn/rows.js';

/** Returns the group of the load balancers that every node's switch has. */
export function clusterBalancers(): Wanted {
  return balancerGroup(CLUSTER_BALANCERS);
}

/** Returns a group of load balancers; the watcher puts rows of services into it. */
export function balancerGroup(name: string): Wanted {
  return wanted('Load_Balancer_Group', { is: { name } });
}

/** Returns the cluster router with its port to switch `join`, and the given ports, routes and `external_ids`. */
export function clusterRouter(
  name: string,
  holds: Wanted['holds'],
  sheds: Wanted['sheds'] = {},
  ids: Readonly<Record<string, string | undefined>> = {},
): Wanted {
  return wanted('Logical_Router', {
    is: { name },
    pairs: { external_ids: { [KEYS.clusterRouter]: 'yes', ...ids } },
    holds: { ...holds, ports: [portToJoin(name, joinAddresses(1)), ...(holds.ports ?? [])] },
    sheds,
  });
}

/** Returns a router's port to switch `join`. */
export function portToJoin(
  router: string,
  addresses: readonly Cidr[],
  options?: Readonly<Record<string, string>>,
): Wanted {
  return wanted('Logical_Router_Port', {
    is: { name: toJoin(router) },
    set: { networks: addresses.map(formatCidr) },
    initially: { mac: macForAny(addresses) },
    pairs: { external_ids: { [KEYS.connectToJoin]: 'yes' }, ...(options === undefined ? {} : { options }) },
  });
}

/** Returns switch `join` with its port to one router. */
export function joinSwitch(router: string): Wanted {
  return wanted('Logical_Switch', {
    is: { name: JOIN_SWITCH },
    holds: { ports: [switchPortTo(joinTo(router), toJoin(router))] },
  });
}

/** Returns the cluster router's port to the switch of `node`. */
export function portToSwitch(node: string, subnets: readonly Cidr[]): Wanted {
  const addresses = routerAddresses(subnets);
  return wanted('Logical_Router_Port', {
    is: { name: toSwitch(node) },
    set: { networks: addresses.map(formatCidr) },
    initially: { mac: macForAny(addresses) },
  });
}

/** Returns the logical switch of `node`, with its port to the cluster router and its management port. */
export function nodeSwitch(
  node: string,
  subnets: readonly Cidr[],
  management: { readonly mac: MacAddress; readonly addresses: readonly IpAddress[] },
  cluster: Wanted,
): Wanted {
  const [v4, v6] = [ofFamily(subnets, 4), ofFamily(subnets, 6)];
  return wanted('Logical_Switch', {
    is: { name: node },
    pairs: {
      other_config: {
        subnet: v4 && formatCidr(networkOf(v4)),
        ipv6_prefix: v6 && networkOf(v6).address,
      },
      external_ids: { [KEYS.gatewayIp]: routerAddresses(subnets).map(formatCidr).join(',') },
    },
    holds: {
      ports: [
        switchPortTo(switchTo(node), toSwitch(node)),
        wanted('Logical_Switch_Port', {
          is: { name: managementPortName(node) },
          set: { addresses: [[management.mac, ...management.addresses].join(' ')] },
        }),
      ],
      load_balancer_group: [cluster, balancerGroup(nodeBalancersName(node))],
    },
  });
}

/** Returns a switch's port to a router. OVN takes MAC and addresses from the router's port (`router`, ovn-nb(5)). */
export function switchPortTo(name: string, routerPort: string): Wanted {
  return wanted('Logical_Switch_Port', {
    is: { name },
    set: { type: 'router', addresses: ['router'] },
    pairs: { options: { 'router-port': routerPort } },
  });
}

/** Returns MAC and addresses of a node's management port. */
export function managementOf(subnets: readonly Cidr[]): { mac: MacAddress; addresses: IpAddress[] } {
  const addresses = managementAddresses(subnets);
  return { mac: macForAny(addresses), addresses: addresses.map(({ address }) => address) };
}

function macForAny(addresses: readonly Cidr[]): MacAddress {
  const [first] = addresses;
  if (first === undefined) throw new TypeError('a port without an address');
  return macFor(first.address);
}
