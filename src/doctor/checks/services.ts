import { NODE_DAEMON } from '../../daemon/programs.js';
import { type Cidr, contains, formatCidr, networkOf } from '../../net/cidr.js';
import { cidrOrUndefined } from '../../net/claims.js';
import { familyOf } from '../../net/ip.js';
import { JOIN_NETWORKS } from '../../ovn/addresses.js';
import { KEYS } from '../../ovn/keys.js';
import { gatewayRouterName, managementInterfaceName } from '../../ovn/names.js';
import { list } from '../../ovn/read_row.js';
import { CLUSTER_SUBNETS } from '../../switch/external_ids.js';
import type { Facts, LocalSwitch, Northbound, ServiceIps } from '../facts/facts.js';
import { type Check, type Finding, fail, given, ok, orElse, warn } from '../finding.js';
import { managementInterface, nodeName } from '../node.js';

const RESTART = `run systemctl restart ${NODE_DAEMON}; see ovs-appctl -t ${NODE_DAEMON} status`;

/**
 * Checks that the host reaches services: their subnet is that of the API server, and the host has the routes and the nft
 * table of the node's daemon.
 */
export const services: Check = {
  name: 'services',
  run: (facts) =>
    given(facts.local, (host) =>
      managementInterface(host) === undefined
        ? []
        : given(facts.northbound, (nb) =>
            nb.serviceSubnets.length === 0 ? [withoutSubnet()] : ofNode(facts, host, nb),
          ),
    ),
};

function withoutSubnet(): Finding {
  return warn(
    `the cluster router has no external_ids:${KEYS.serviceSubnets}, so hosts do not reach services`,
    "run master-init again with --service-ip-subnet, the API server's --service-cluster-ip-range",
  );
}

function ofNode({ services, routes, netfilter }: Facts, host: LocalSwitch, nb: Northbound): Finding[] {
  return [
    ...(services === undefined ? [] : given(services, (all) => outside(all, nb.serviceSubnets))),
    ...given(routes, (present) => missingRoutes(present, host, nb)),
    ...formerGateway(host, nb),
    ...given(netfilter, ({ tables }) =>
      orElse(
        tables.includes(`inet ${NODE_DAEMON}`)
          ? []
          : [fail(`there is no nft table inet ${NODE_DAEMON}, so node ports do not answer here`, RESTART)],
        `the nft table inet ${NODE_DAEMON} is there`,
      ),
    ),
  ];
}

/** Finds a gateway of this host that an earlier version set up. */
function formerGateway(host: LocalSwitch, { gateways }: Northbound): Finding[] {
  const own = gateways.find(({ node }) => node === nodeName(host));
  return own === undefined || own.servesOutside
    ? []
    : [
        warn(
          `gateway router ${gatewayRouterName(own.node)} drops clients of services whose endpoints are outside the cluster`,
          'run gateway-init again with the options of its first run',
        ),
      ];
}

/** Names the first service with an address outside of the subnets. */
function outside(all: readonly ServiceIps[], subnets: readonly Cidr[]): readonly Finding[] {
  const known = subnets.map(formatCidr).join(',');
  for (const { service, clusterIps } of all) {
    const ip = clusterIps.find((one) => !subnets.some((subnet) => contains(subnet, one)));
    if (ip !== undefined)
      return [
        fail(
          `hosts do not reach ${ip} of Service ${service}: it is outside of external_ids:${KEYS.serviceSubnets}=${known}`,
          "run master-init again with --service-ip-subnet, the API server's --service-cluster-ip-range",
        ),
      ];
  }
  return [ok(`the addresses of all services are in ${known}: ${all.length} services`)];
}

function missingRoutes(present: readonly string[], host: LocalSwitch, nb: Northbound): readonly Finding[] {
  const node = nodeName(host) ?? '';
  const own = nb.nodes.find(({ name }) => name === node)?.addresses ?? [];
  const families = own.map(familyOf);
  const pods = list(host.externalIds.get(CLUSTER_SUBNETS)).flatMap((text) => cidrOrUndefined(text) ?? []);
  const missing = [...pods, ...nb.serviceSubnets, ...JOIN_NETWORKS]
    .filter(({ family }) => families.includes(family))
    .map((network) => formatCidr(networkOf(network)))
    .filter((network) => !present.includes(network));
  const device = managementInterfaceName(node);
  return orElse(
    missing.length === 0 ? [] : [fail(`there is no route to ${missing.join(', ')} by ${device}`, RESTART)],
    `the routes to pods and services go by ${device}`,
  );
}
