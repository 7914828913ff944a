import type { Address, Snapshot } from '../host/snapshot.js';
import { contains } from '../net/cidr.js';
import { routersThrough } from '../net/default_routers.js';
import { type Family, familyOf, type IpAddress, isLinkLocal, parseIp } from '../net/ip.js';

/** A router that a default route of an interface leads to. */
export interface DefaultGateway {
  readonly address: IpAddress;
  /** The interface's address to send requests from; `undefined` if it has none of the router's family. */
  readonly source: IpAddress | undefined;
}

/** Returns the default gateways of an interface, of both families and all routing tables, each once. */
export function defaultGateways({ device, routes, addresses, advertised = [] }: Snapshot): DefaultGateway[] {
  const defaults = routes.filter(({ dst }) => dst === 'default' || dst === '0.0.0.0/0' || dst === '::/0');
  const routers = advertised.flatMap(({ dst, gateway }) => (dst.prefix === 0 && gateway ? [gateway] : []));
  return [...new Set([...routersThrough(device, defaults), ...routers])].map((address) => ({
    address,
    source: sourceFor(address, addresses),
  }));
}

/** Returns an address of the gateway's network, as source selection does (RFC 6724), else any of its family. */
function sourceFor(gateway: IpAddress, addresses: readonly Address[]): IpAddress | undefined {
  const family = familyOf(gateway);
  const usable = addresses.flatMap((one) => usableOf(one, family));
  const near = usable.find(({ address, prefix }) =>
    isLinkLocal(gateway) ? isLinkLocal(address) : contains({ address, prefix, family }, gateway),
  );
  return (near ?? usable[0])?.address;
}

function usableOf(one: Address, family: Family): { address: IpAddress; prefix: number }[] {
  if ((one.family === 'inet' ? 4 : 6) !== family || one.tentative || one.dadfailed) return [];
  return [{ address: parseIp(one.local), prefix: one.prefixlen }];
}
