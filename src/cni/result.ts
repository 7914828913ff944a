import { type Cidr, contains, formatCidr } from '../net/cidr.js';
import { familyOf, type IpAddress } from '../net/ip.js';
import type { PodNetwork } from '../ovn/pods.js';
import type { CniVersion } from './versions.js';

/** The two ends of the veth pair. */
export interface Ends {
  readonly host: string;
  readonly hostMac: string;
  readonly container: string;
  readonly netns: string;
}

/** Formats the result of ADD (CNI specification, "ADD Success"). Before 1.0 each address has its family as `version`. */
export function formatResult(version: CniVersion, network: PodNetwork, ends: Ends): string {
  const { mac, addresses, gateways } = network;
  return JSON.stringify({
    cniVersion: version,
    interfaces: [
      { name: ends.host, mac: ends.hostMac },
      { name: ends.container, mac, sandbox: ends.netns },
    ],
    ips: addresses.map((address) => ({
      ...(version === '1.0.0' ? {} : { version: String(address.family) }),
      interface: 1,
      address: formatCidr(address),
      ...gatewayField(address, gateways),
    })),
    routes: gateways.map((gw) => ({ dst: familyOf(gw) === 6 ? '::/0' : '0.0.0.0/0', gw })),
    dns: {},
  });
}

function gatewayField(address: Cidr, gateways: readonly IpAddress[]): { readonly gateway?: IpAddress } {
  const gateway = gateways.find((one) => contains(address, one));
  return gateway === undefined ? {} : { gateway };
}
