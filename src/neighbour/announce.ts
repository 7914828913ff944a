import { type IpAddress, isIpv4, isIpv6 } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { ARP_LENGTH, arpAnnouncements } from './arp.js';
import { ADVERTISEMENT_LENGTH, advertisements } from './discovery.js';
import type { NeighbourSocket } from './neighbour_socket.js';

/**
 * Announces to all neighbours that `addresses` are at `mac` (default: the socket's own): sends gratuitous ARP (RFC 5227
 * section 3) and unsolicited neighbour advertisements (RFC 4861 section 7.2.6), all of a family at once.
 * @throws ProductError as `NeighbourSocket.send`; some frames may have left by then
 */
export function announce(
  socket: NeighbourSocket,
  addresses: readonly IpAddress[],
  mac: MacAddress = socket.mac,
): void {
  const [v4, v6] = [addresses.filter(isIpv4), addresses.filter(isIpv6)];
  if (v4.length > 0) socket.send(arpAnnouncements(mac, v4), ARP_LENGTH);
  if (v6.length > 0) socket.send(advertisements(mac, v6), ADVERTISEMENT_LENGTH);
}
