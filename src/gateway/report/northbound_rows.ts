import type { BridgeState } from '../../demux/state.js';
import { parseCidr } from '../../net/cidr.js';
import { FAMILIES } from '../../net/ip.js';
import { formatPortRange } from '../../net/ports.js';
import { anywhere } from '../../ovn/addresses.js';
import type { NorthboundView } from '../../ovn/connection.js';
import { KEYS } from '../../ovn/keys.js';
import { gatewayRouterName, toOutside } from '../../ovn/names.js';

const REMEDY = 'run ovn-k8s-overlay gateway-init again';

/**
 * Returns what of the gateway router `GR_NODE` does not fit the host, each one line with its remedy. These columns belong
 * to `gateway-init`; the helper never writes them.
 */
export function findMisfits(nb: NorthboundView, node: string, bridgeState: BridgeState): string[] {
  const name = gatewayRouterName(node);
  const router = nb.find('Logical_Router', (row) => row.name === name);
  if (router === undefined) return [`OVN has no gateway router ${name}; run gateway-init`];
  const all = router.nat
    .flatMap((uuid) => nb.table('NAT').get(uuid) ?? [])
    .filter(({ type }) => type === 'snat');
  // ovn-k8s-node translates the hosts of other nodes (src/ovn/node_hosts.ts).
  const nats = all.filter((nat) => !isForClients(nat) && !nat.external_ids.has(KEYS.host));
  return [
    ...portMisfits(nb, name, bridgeState),
    ...addressMisfits(name, nats, bridgeState),
    ...rangeMisfits(name, nats, bridgeState),
    ...(all.some(isForClients) ? [] : [`${name} does not translate clients of services; ${REMEDY}`]),
  ];
}

/** Returns whether a rule translates clients of services, not pods (src/overlay/gateway_router.ts). */
function isForClients({ logical_ip }: { readonly logical_ip: string }): boolean {
  return FAMILIES.some((family) => logical_ip === anywhere(family));
}

interface SnatRow {
  readonly external_ip: string;
  readonly external_port_range: string;
}

function portMisfits(nb: NorthboundView, name: string, { addresses, bridge, mac }: BridgeState): string[] {
  const outside = toOutside(name);
  const port = nb.find('Logical_Router_Port', (row) => row.name === outside);
  if (port === undefined) return [`${name} has no port ${outside}; ${REMEDY}`];
  const networks = port.networks.map(addressOf);
  const missing = addresses.filter((ip) => !networks.includes(ip));
  return [
    ...(missing.length === 0
      ? []
      : [`${outside} has ${networks.join(',')}, not ${missing.join(',')}; ${REMEDY}`]),
    ...(port.mac.toLowerCase() === mac
      ? []
      : [`${outside} has MAC ${port.mac}, ${bridge} ${mac}; ${REMEDY}`]),
  ];
}

/** Returns the address of a network, or the text itself if it is not valid: the database takes any text. */
function addressOf(network: string): string {
  try {
    return parseCidr(network).address;
  } catch {
    return network;
  }
}

function addressMisfits(name: string, nats: readonly SnatRow[], { addresses }: BridgeState): string[] {
  const strangers = nats.filter((nat) => !addresses.some((ip) => ip === nat.external_ip));
  if (strangers.length === 0) return [];
  const ips = [...new Set(strangers.map((nat) => nat.external_ip))];
  return [`${name} translates to ${ips.join(',')}; ${REMEDY}`];
}

function rangeMisfits(name: string, nats: readonly SnatRow[], { demux }: BridgeState): string[] {
  if (demux.mode !== 'port-range') return [];
  const range = formatPortRange(demux.range);
  const other = nats.find((nat) => nat.external_port_range !== range);
  if (other === undefined) return [];
  return [`${name} translates to ports "${other.external_port_range}", the rules expect ${range}; ${REMEDY}`];
}
