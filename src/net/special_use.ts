import { type Cidr, contains, formatCidr, parseCidr } from './cidr.js';
import { familyOf, type IpAddress } from './ip.js';

interface Block {
  readonly network: Cidr;
  readonly use: string;
}

/** Networks that no host outside of this one can have an address of (RFC 6890, RFC 4291). */
const SPECIAL: readonly Block[] = [
  block('0.0.0.0/8', '"this network"'),
  block('127.0.0.0/8', 'loopback'),
  block('169.254.0.0/16', 'link-local'),
  block('192.0.0.0/24', 'IETF protocol assignments'),
  block('224.0.0.0/4', 'multicast'),
  block('255.255.255.255/32', 'limited broadcast'),
  block('240.0.0.0/4', 'reserved'),
  block('::/128', 'unspecified'),
  block('::1/128', 'loopback'),
  block('::ffff:0:0/96', 'IPv4-mapped'),
  block('::/96', 'IPv4-compatible'),
  block('64:ff9b::/96', 'IPv4-IPv6 translation'),
  block('64:ff9b:1::/48', 'IPv4-IPv6 translation'),
  block('100::/64', 'discard-only'),
  block('2001::/23', 'IETF protocol assignments'),
  block('fe80::/10', 'link-local'),
  block('fec0::/10', 'site-local'),
  block('ff00::/8', 'multicast'),
];

/** The networks of IPv6 that unicast addresses are assigned from (RFC 4291 section 2.4, RFC 4193). */
const UNICAST_V6: readonly Cidr[] = ['2000::/3', 'fc00::/7'].map(parseCidr);

/**
 * Returns why a host on a network cannot have `ip`, as in "it is loopback"; `undefined` if the address is unicast and a
 * router may forward it. Private addresses (RFC 1918, RFC 4193) are ordinary on a network.
 */
export function specialUse(ip: IpAddress): string | undefined {
  const found = SPECIAL.find(({ network }) => contains(network, ip));
  if (found !== undefined) return `${found.use} (${formatCidr(found.network)})`;
  if (familyOf(ip) === 6 && !UNICAST_V6.some((network) => contains(network, ip)))
    return 'not global unicast (RFC 4291)';
  return undefined;
}

function block(network: string, use: string): Block {
  return { network: parseCidr(network), use };
}
