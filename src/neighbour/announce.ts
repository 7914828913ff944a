import { type IpAddress, isIpv4, isIpv6 } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { ARP_LENGTH, arpAnnouncements } from './arp.js';
import { ADVERTISEMENT_LENGTH, advertisements } from './discovery.js';
import type { Link } from './link.js';

/**
 * Tells all neighbours that these addresses are at `mac`, the link's own unless told: gratuitous ARP (RFC 5227 section 3) and
 * unsolicited advertisements (RFC 4861 section 7.2.6), in batches.
 * @throws ProductError as of `Link.send`; some may have been sent by then
 */
export function announce(link: Link, addresses: readonly IpAddress[], mac: MacAddress = link.mac): void {
  const [v4, v6] = [addresses.filter(isIpv4), addresses.filter(isIpv6)];
  if (v4.length > 0) link.send(arpAnnouncements(mac, v4), ARP_LENGTH);
  if (v6.length > 0) link.send(advertisements(mac, v6), ADVERTISEMENT_LENGTH);
}
