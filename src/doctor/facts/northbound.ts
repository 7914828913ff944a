import { isIP } from 'node:net';
import { parseIp } from '../../net/ip.js';
import type { NorthboundView } from '../../ovn/connection.js';
import { readGateways } from '../../ovn/gateways.js';
import { gatewayRouterName, managementPortName, toOutside } from '../../ovn/names.js';
import type { ClusterNode, Northbound } from './facts.js';

/** Reads the cluster's nodes and gateways from OVN's northbound database. */
export function readNorthbound(db: NorthboundView): Northbound {
  const gateways = readGateways(db).map(({ node, isShared }) => ({
    node,
    isShared,
    outsideMtu: outsideMtu(db, node),
  }));
  return { nodes: readNodes(db), gateways };
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
