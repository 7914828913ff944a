import { type Cidr, contains, isHost } from '../net/cidr.js';
import { type IpAddress, type Ipv4Address, isIpv4, isIpv6 } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { eui64Address, macFor, macFromHash, macOfEui64 } from '../ovn/addresses.js';
import type { PodSubnets } from '../ovn/pod_subnets.js';
import type { PodNetwork } from '../ovn/pods.js';

/** How many MACs are tried for a pod. Of 100,000 pods in use, one has a given MAC with a probability of 1 in 43,000. */
const TRIES = 256;

type IsFree = (address: IpAddress | MacAddress) => boolean;

/**
 * Returns the network of a new pod: the next IPv4 address of the switch, the MAC that belongs to it, and the IPv6
 * address that belongs to the MAC. A pod without IPv4 gets the MAC from a hash. `undefined` if no address is free.
 *
 * @param takeIpv4 takes the next free IPv4 address of the switch
 * @param seed a text that only this pod has
 */
export function freshNetwork(
  subnets: PodSubnets,
  takeIpv4: () => Ipv4Address | undefined,
  isFree: IsFree,
  seed: string,
): PodNetwork | undefined {
  const v4 = subnets.v4 === undefined ? undefined : takeIpv4();
  if (subnets.v4 !== undefined && v4 === undefined) return undefined;
  for (const mac of macs(v4, seed)) {
    const v6 = subnets.v6 && eui64Address(subnets.v6, mac);
    if (isFree(mac) && (v6 === undefined || (isFree(v6) && isHostOf(v6, subnets))))
      return withMasks(mac, present(v4, v6), subnets.gateways);
  }
  return undefined;
}

/**
 * Returns the network of a pod that runs already, from the addresses that kubelet reports. The MAC follows from them.
 * `undefined` if the addresses are not those of a pod on this switch, or are not free.
 */
export function reportedNetwork(
  subnets: PodSubnets,
  ips: readonly IpAddress[],
  isFree: IsFree,
): PodNetwork | undefined {
  const v4 = ips.find(isIpv4);
  const reported = ips.find(isIpv6);
  const mac = (reported && macOfEui64(reported)) ?? (v4 && macFor(v4));
  if (mac === undefined || (v4 === undefined) !== (subnets.v4 === undefined)) return undefined;
  const v6 = reported ?? (subnets.v6 && eui64Address(subnets.v6, mac));
  const isOfSwitch = present(v4, v6).every((ip) => isHostOf(ip, subnets));
  if (!isOfSwitch) return undefined;
  const network = withMasks(mac, present(v4, v6), subnets.gateways);
  return isUsable(subnets, network, isFree) ? network : undefined;
}

/** Returns whether a pod can have this network: its addresses are in the switch's subnets, and free. */
export function isUsable(subnets: PodSubnets, { mac, addresses }: PodNetwork, isFree: IsFree): boolean {
  return isFree(mac) && addresses.every(({ address }) => isHostOf(address, subnets) && isFree(address));
}

/**
 * Returns the network of a pod with these addresses, with the masks and gateways of the switch.
 * @throws Error if an address is in no subnet of the switch
 */
export function withMasks(mac: MacAddress, ips: readonly IpAddress[], gateways: readonly Cidr[]): PodNetwork {
  const own = ips.map((address) => {
    const gateway = gateways.find((one) => contains(one, address));
    if (gateway === undefined) throw new Error(`${address} is in no subnet of the switch`);
    return { address, gateway };
  });
  const addresses = own.map(({ gateway, address }) => ({ ...gateway, address }));
  return { mac, addresses, gateways: [...new Set(own.map(({ gateway }) => gateway.address))] };
}

function* macs(v4: Ipv4Address | undefined, seed: string): Iterable<MacAddress> {
  if (v4 !== undefined) yield macFor(v4);
  for (let i = 0; i < TRIES; i++) yield macFromHash(`${seed} ${i}`);
}

function present(...ips: readonly (IpAddress | undefined)[]): IpAddress[] {
  return ips.filter((ip) => ip !== undefined);
}

function isHostOf(address: IpAddress, { gateways, v4, v6 }: PodSubnets): boolean {
  if (gateways.some((gateway) => gateway.address === address)) return false;
  return [v4, v6].some(
    (subnet) => subnet !== undefined && contains(subnet, address) && isHost({ ...subnet, address }),
  );
}
