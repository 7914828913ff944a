import { ProductError } from '../net/errors.js';
import { type IpAddress, isIpv4, isIpv6 } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { arpRequest } from './arp.js';
import { solicitation } from './discovery.js';
import type { NeighbourSocket } from './neighbour_socket.js';

/**
 * Returns the frame that asks for the MAC of `target`: an ARP request or a neighbour solicitation. A `sender` of the
 * other family is left out; without a sender the frame is a probe.
 */
export function requestFrame(mac: MacAddress, target: IpAddress, sender?: IpAddress): Buffer {
  if (isIpv4(target))
    return arpRequest(mac, sender !== undefined && isIpv4(sender) ? sender : undefined, target);
  if (isIpv6(target))
    return solicitation(mac, sender !== undefined && isIpv6(sender) ? sender : undefined, target);
  throw new ProductError('ERR_NOT_AN_ADDRESS', `${target} is not an IPv4 or IPv6 address`);
}

/** Sends a request; returns when it left, or `undefined` if the interface's queue is full. */
export function sendRequest(socket: NeighbourSocket, frame: Buffer): number | undefined {
  try {
    return socket.send(frame);
  } catch (error) {
    if (error instanceof ProductError && error.code === 'ERR_LINK_BUSY') return undefined;
    throw error;
  }
}
