import { isIP } from 'node:net';
import { parseIp } from '../../net/ip.js';
import type { NorthboundView } from '../../ovn/connection.js';
import { findClusterRouter } from '../../ovn/gateways.js';
import { KEYS } from '../../ovn/keys.js';
import { gatewayRouterName, managementPortName, toOutside } from '../../ovn/names.js';
import type { ClusterNode, GatewayNode, Northbound } from './facts.js';

/** The cluster as its rows in OVN's northbound database describe it. */
export function readNorthbound(db: NorthboundView): Northbound {
  return { clusterRouter: findClusterRouter(db), nodes: readNodes(db), gateways: readGateways(db) };
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

function readGateways(db: NorthboundView): GatewayNode[] {
  return db
    .filter('Logical_Router', ({ name }) => name.startsWith(gatewayRouterName('')))
    .map(({ name, options, external_ids }) => {
      const port = db.find('Logical_Router_Port', (row) => row.name === toOutside(name));
      const mtu = Number(port?.options.get('gateway_mtu') ?? Number.NaN);
      return {
        node: name.slice(gatewayRouterName('').length),
        isShared: external_ids.has(KEYS.sharedBridge),
        chassis: options.get('chassis'),
        outsideMtu: Number.isInteger(mtu) ? mtu : undefined,
      };
    });
}
