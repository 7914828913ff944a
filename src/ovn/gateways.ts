import { type Cidr, parseCidr } from '../net/cidr.js';
import { cidrOrUndefined } from '../net/claims.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import type { RowOf } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { JOIN_NETWORKS, JOIN_SIZE, joinAddresses } from './addresses.js';
import type { NorthboundView } from './connection.js';
import { KEYS, servedAddress } from './keys.js';
import { gatewayRouterName, nodeOfGatewayRouter, toJoin } from './names.js';
import { list, readRow } from './read_row.js';

/** A gateway, as the northbound database has it: what the cluster router's routes depend on. */
export interface Gateway {
  readonly node: string;
  /** The gateway router's addresses on switch `join`, one a family. */
  readonly join: readonly Cidr[];
  /** Whether the default route leads to this gateway. */
  readonly isFirst: boolean;
  /** `--physical-ip`: the gateway router's addresses on the external network. */
  readonly physical: readonly IpAddress[];
  /** Whether the host has the same addresses, because host and gateway share a bridge. */
  readonly isShared: boolean;
  /** Subnets whose pods leave by this gateway, whatever their node. */
  readonly rampout: readonly Cidr[];
  /** The subnets of the node's logical switch; none if the node has no switch. */
  readonly subnets: readonly Cidr[];
  /** `--cluster-ip-subnet`: the networks whose connections the gateway router translates. */
  readonly clusterSubnets: readonly Cidr[];
}

/**
 * Returns all gateways, in the order of their names: gateway routers with a chassis and a port on switch `join`.
 *
 * @param unreadable called for a gateway whose rows cannot be read, which is left out; without it, the error is thrown
 * @throws ProductError `ERR_BAD_ROW` naming the row
 */
export function readGateways(
  db: NorthboundView,
  unreadable: (node: string, error: unknown) => void = (_node, error) => {
    throw error;
  },
): Gateway[] {
  return db
    .filter('Logical_Router', ({ options }) => options.has('chassis'))
    .flatMap((router): Gateway[] => {
      const node = nodeOfGatewayRouter(router.name);
      const port = db.find('Logical_Router_Port', ({ name }) => name === toJoin(router.name));
      if (node === undefined || port === undefined) return [];
      try {
        return [readGateway(db, node, router, port)];
      } catch (error) {
        unreadable(node, error);
        return [];
      }
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

function readGateway(
  db: NorthboundView,
  node: string,
  { name, external_ids, nat }: RowOf<typeof ovnNorthbound, 'Logical_Router'>,
  port: RowOf<typeof ovnNorthbound, 'Logical_Router_Port'>,
): Gateway {
  const readKey = <T>(key: string, parse: (text: string) => T) =>
    readRow(`Logical_Router ${name}`, `external_ids:${key}`, list(external_ids.get(key)), parse);
  return {
    node,
    join: readRow(`Logical_Router_Port ${port.name}`, 'networks', port.networks, parseCidr),
    isFirst: external_ids.get(KEYS.firstGateway) === 'yes',
    physical: readKey(KEYS.physicalIp, (text) => parseIp(text.split('/')[0] ?? '')),
    isShared: external_ids.has(KEYS.sharedBridge),
    rampout: readKey(KEYS.rampout, parseCidr),
    subnets: readNodeSubnets(db, node),
    clusterSubnets: nat.flatMap((uuid) => {
      const row = db.table('NAT').get(uuid);
      const network =
        row?.external_ids.get(KEYS.gateway) === name ? cidrOrUndefined(row.logical_ip) : undefined;
      return network === undefined || network.prefix === 0 ? [] : [network];
    }),
  };
}

/**
 * Returns the external addresses that the helper of each gateway serves, by node. A gateway without a helper, or with
 * one of an earlier version, is not in it.
 */
export function readServed(db: NorthboundView): ReadonlyMap<string, ReadonlySet<string>> {
  const rows = db.filter('Logical_Router', ({ external_ids }) => external_ids.has(KEYS.served));
  return new Map(
    rows.flatMap(({ name, external_ids }) => {
      const node = nodeOfGatewayRouter(name);
      const served = new Set([...external_ids.keys()].flatMap((key) => servedAddress(key) ?? []));
      return node === undefined ? [] : [[node, served] as const];
    }),
  );
}

/** Returns the nodes whose gateway routers have `lb_force_snat_ip` of an earlier version; `gateway-init` removes it. */
export function readForcedSnat(db: NorthboundView): ReadonlySet<string> {
  const rows = db.filter('Logical_Router', ({ options }) => options.has('lb_force_snat_ip'));
  return new Set(rows.flatMap(({ name }) => nodeOfGatewayRouter(name) ?? []));
}

/** Returns the subnets of a node's logical switch; none if the node has no switch. @throws ProductError `ERR_BAD_ROW` */
export function readNodeSubnets(db: NorthboundView, node: string): Cidr[] {
  const found = db.find('Logical_Switch', ({ name }) => name === node);
  return found === undefined ? [] : subnetsOf(found);
}

/**
 * Returns the subnets of a logical switch: those of `external_ids:gateway_ip`, else `other_config:subnet`.
 * @throws ProductError `ERR_BAD_ROW` naming the switch
 */
export function subnetsOf({
  name,
  external_ids,
  other_config,
}: Pick<RowOf<typeof ovnNorthbound, 'Logical_Switch'>, 'name' | 'external_ids' | 'other_config'>): Cidr[] {
  const what = `Logical_Switch ${name}`;
  const ids = `external_ids:${KEYS.gatewayIp}`;
  const gateways = readRow(what, ids, list(external_ids.get(KEYS.gatewayIp)), parseCidr);
  return gateways.length > 0
    ? gateways
    : readRow(what, 'other_config:subnet', list(other_config.get('subnet')), parseCidr);
}

/** Reads `external_ids:gateway_ip` of a node's switch: the addresses of the cluster router's port, with masks. */
export function switchGateways(text: string | undefined): Cidr[] {
  return list(text).map(parseCidr);
}

/** Returns the name of the cluster router; `undefined` before `master-init`. */
export function findClusterRouter(db: NorthboundView): string | undefined {
  return clusterRouterRow(db)?.name;
}

/**
 * Returns the subnets of all ClusterIPs, `--service-ip-subnet` of `master-init`; none if it was not given.
 * @throws ProductError `ERR_BAD_ROW` naming the cluster router
 */
export function readServiceSubnets(db: NorthboundView): Cidr[] {
  const row = clusterRouterRow(db);
  const texts = list(row?.external_ids.get(KEYS.serviceSubnets));
  return readRow(`Logical_Router ${row?.name}`, `external_ids:${KEYS.serviceSubnets}`, texts, parseCidr);
}

/** Returns the row of the cluster router; `undefined` before `master-init`. */
export function clusterRouterRow(
  db: NorthboundView,
): RowOf<typeof ovnNorthbound, 'Logical_Router'> | undefined {
  return db.find('Logical_Router', ({ external_ids }) => external_ids.get(KEYS.clusterRouter) === 'yes');
}

/** Returns the name of the cluster router. @throws ProductError `ERR_NO_CLUSTER` before `master-init` */
export function theClusterRouter(db: NorthboundView): string {
  const name = findClusterRouter(db);
  if (name === undefined) {
    throw new ProductError(
      'ERR_NO_CLUSTER',
      `OVN_Northbound has no Logical_Router with external_ids:${KEYS.clusterRouter}=yes; run ovn-k8s-overlay master-init first`,
    );
  }
  return name;
}

/**
 * Returns the addresses on switch `join` for the gateway router of `node`: those that it has, else the lowest free ones.
 * @throws ProductError `ERR_JOIN_FULL`
 */
export function chooseJoinAddresses(db: NorthboundView, node: string): Cidr[] {
  const own = toJoin(gatewayRouterName(node));
  const taken = new Set<string>();
  let mine: IpAddress[] = [];
  for (const { name, networks } of db.table('Logical_Router_Port').values()) {
    // The router of an operator may have networks that only OVN reads; they are not on switch join.
    const addresses = networks.flatMap((text) => cidrOrUndefined(text)?.address ?? []);
    if (name === own) mine = addresses;
    else for (const address of addresses) taken.add(address);
  }
  const isMine = (all: readonly Cidr[]) => all.some(({ address }) => mine.includes(address));
  const isFree = (all: readonly Cidr[]) => all.every(({ address }) => !taken.has(address));
  const numbers = Array.from({ length: JOIN_SIZE - 1 }, (_, i) => i + 2);
  const kept = numbers.find((n) => isMine(joinAddresses(n)) && isFree(joinAddresses(n)));
  const chosen = kept ?? numbers.find((n) => isFree(joinAddresses(n)));
  if (chosen === undefined) {
    throw new ProductError(
      'ERR_JOIN_FULL',
      `switch join has no free address in ${JOIN_NETWORKS.map(({ address, prefix }) => `${address}/${prefix}`).join(', ')}; run gateway-deinit for a gateway that is no longer used`,
    );
  }
  return joinAddresses(chosen);
}
