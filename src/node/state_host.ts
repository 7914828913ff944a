import type { DefaultRoute, HostAddress } from '../host/host_addresses.js';
import { type Cidr, contains } from '../net/cidr.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { specialUse } from '../net/special_use.js';
import { list } from '../ovn/read_row.js';
import type { LocalDatabase } from '../switch/connection.js';
import { ENCAP_IP, PHYSICAL_IP, readSystemIds } from '../switch/external_ids.js';
import type { HostFacts } from './desired_host_addresses.js';

/** The addresses and default routes that the kernel has. */
export interface KernelAddresses {
  readonly addresses: readonly HostAddress[];
  readonly defaultRoutes: readonly DefaultRoute[];
}

/** Puts together what this host knows about its own addresses. A setting that is no address is left out. */
export function readHostFacts(
  { addresses, defaultRoutes }: KernelAddresses,
  db: Pick<LocalDatabase, 'table'>,
  managementInterface: string,
): HostFacts {
  const bridges = [...db.table('Bridge').values()];
  const physical = bridges.flatMap(({ external_ids }) => list(external_ids.get(PHYSICAL_IP)));
  const encap = list(readSystemIds(db).get(ENCAP_IP));
  return {
    ...{ addresses, defaultRoutes, managementInterface },
    physical: physical.flatMap(parseOrNone),
    encap: encap.flatMap(parseOrNone),
  };
}

/** Returns all addresses at which the host answers itself, each once. */
export function ownAddresses(addresses: readonly HostAddress[], managementInterface: string): IpAddress[] {
  const own = addresses.filter(
    ({ device, address }) => device !== managementInterface && specialUse(address) === undefined,
  );
  return [...new Set(own.map(({ address }) => address))];
}

/** Returns those of the addresses that answer node ports: those in one of the networks; all without networks. */
export function answeringOf(
  addresses: readonly IpAddress[],
  networks: readonly Cidr[] | undefined,
): readonly IpAddress[] {
  if (networks === undefined) return addresses;
  return addresses.filter((address) => networks.some((network) => contains(network, address)));
}

function parseOrNone(text: string): IpAddress[] {
  try {
    return [parseIp(text.split('/')[0] ?? '')];
  } catch {
    return [];
  }
}
