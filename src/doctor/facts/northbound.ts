import { isIP } from 'node:net';
import { cidrOrUndefined } from '../../net/claims.js';
import { FAMILIES, parseIp } from '../../net/ip.js';
import type { NorthboundView } from '../../ovn/connection.js';
import { clusterRouterRow } from '../../ovn/gateways.js';
import { KEYS } from '../../ovn/keys.js';
import {
  addressSetName,
  gatewayRouterName,
  managementPortName,
  nodeOfGatewayRouter,
  toOutside,
} from '../../ovn/names.js';
import { list } from '../../ovn/read_row.js';
import type { ClusterNode, Northbound } from './facts.js';

/** Reads the cluster's nodes and gateways from OVN's northbound database. */
export function readNorthbound(db: NorthboundView): Northbound {
  const texts = list(clusterRouterRow(db)?.external_ids.get(KEYS.serviceSubnets));
  return {
    nodes: readNodes(db),
    gateways: readGatewayRouters(db),
    serviceSubnets: texts.flatMap((text) => cidrOrUndefined(text) ?? []),
  };
}

/** Reads every gateway router, also one whose other rows are missing or malformed. */
function readGatewayRouters(db: NorthboundView): Northbound['gateways'] {
  return [...db.table('Logical_Router').values()]
    .flatMap(({ name, external_ids, nat }) => {
      const node = nodeOfGatewayRouter(name);
      if (node === undefined) return [];
      const sets = nat.flatMap((uuid) => db.table('NAT').get(uuid)?.allowed_ext_ips ?? []);
      const names = sets.map((uuid) => db.table('Address_Set').get(uuid)?.name);
      return [
        {
          node,
          isShared: external_ids.has(KEYS.sharedBridge),
          outsideMtu: outsideMtu(db, node),
          servesOutside: FAMILIES.some((family) => names.includes(addressSetName('outside', node, family))),
        },
      ];
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

function readNodes(db: NorthboundView): ClusterNode[] {
  return [...db.table('Logical_Switch').values()].flatMap(({ name, ports }) => {
    const own = managementPortName(name);
    const port = ports
      .flatMap((uuid) => db.table('Logical_Switch_Port').get(uuid) ?? [])
      .find((row) => row.name === own);
    if (port === undefined) return [];
    const words = port.addresses.flatMap((text) => text.split(/\s+/));
    return [{ name, addresses: words.filter((word) => isIP(word) !== 0).map(parseIp) }];
  });
}

/** Reads `options:gateway_mtu` of the gateway router's port to the external switch, in octets. */
function outsideMtu(db: NorthboundView, node: string): number | undefined {
  const name = toOutside(gatewayRouterName(node));
  const port = db.find('Logical_Router_Port', (row) => row.name === name);
  const mtu = Number(port?.options.get('gateway_mtu') ?? Number.NaN);
  return Number.isInteger(mtu) ? mtu : undefined;
}
