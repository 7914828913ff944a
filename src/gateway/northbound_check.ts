import type { GatewayFrame } from '../demux/state.js';
import { parseCidr } from '../net/cidr.js';
import { formatPortRange } from '../net/ports.js';
import { gatewayRouterName, toOutside } from '../ovn/names.js';
import type { Client } from '../ovsdb/client.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';

type Northbound = Client<typeof ovnNorthbound>;

/** The tables of the northbound database that show what `gateway-init` set up. */
export const CHECKED_TABLES = ['Logical_Router', 'Logical_Router_Port', 'NAT'] as const;

/**
 * Rows of the gateway router `GR_NODE` that no longer fit what the host is: each one line with its remedy.
 * Nothing is changed here; `gateway-init` owns these rows.
 */
export function misfits(
  nb: Pick<Northbound, 'find' | 'filter' | 'table'>,
  node: string,
  state: GatewayFrame,
): string[] {
  const name = gatewayRouterName(node);
  const outside = toOutside(name);
  const router = nb.find('Logical_Router', (row) => row.name === name);
  if (router === undefined) return [`OVN has no gateway router ${name}; run gateway-init`];
  const again = `run ovn-k8s-overlay gateway-init again`;
  const problems: string[] = [];

  const port = nb.find('Logical_Router_Port', (row) => row.name === outside);
  if (port === undefined) {
    problems.push(`${name} has no port ${outside}; ${again}`);
  } else {
    const networks = port.networks.map((network) => parseCidr(network).address);
    const missing = state.addresses.filter((ip) => !networks.includes(ip));
    if (missing.length > 0)
      problems.push(`${outside} has ${networks.join(',')}, not ${missing.join(',')}; ${again}`);
    if (port.mac.toLowerCase() !== state.mac)
      problems.push(`${outside} has MAC ${port.mac}, ${state.bridge} ${state.mac}; ${again}`);
  }

  const nats = router.nat
    .flatMap((uuid) => nb.table('NAT').get(uuid) ?? [])
    .filter(({ type }) => type === 'snat');
  const strangers = nats.filter((nat) => !state.addresses.some((ip) => ip === nat.external_ip));
  if (strangers.length > 0) {
    problems.push(
      `${name} translates to ${[...new Set(strangers.map((nat) => nat.external_ip))].join(',')}; ${again}`,
    );
  }
  if (state.demux.mode === 'port-range') {
    const range = formatPortRange(state.demux.range);
    const others = nats.filter((nat) => nat.external_port_range !== range);
    if (others.length > 0) {
      problems.push(
        `${name} translates to ports "${others[0]?.external_port_range}", the rules expect ${range}; ${again}`,
      );
    }
  }
  return problems;
}
