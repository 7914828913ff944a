import { ProductError } from '../net/errors.js';
import { type IpAddress, isIpv4, isIpv6 } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { arpRequest } from './arp.js';
import { solicitation } from './discovery.js';
import type { Link } from './link.js';

/** The frame that asks who has `target`; without a sender of its family, as one does who has no address yet. */
export function question(mac: MacAddress, target: IpAddress, sender?: IpAddress): Buffer {
  if (isIpv4(target))
    return arpRequest(mac, sender !== undefined && isIpv4(sender) ? sender : undefined, target);
  if (isIpv6(target))
    return solicitation(mac, sender !== undefined && isIpv6(sender) ? sender : undefined, target);
  throw new ProductError('ERR_NOT_AN_ADDRESS', `${target} is not an IPv4 or IPv6 address`);
}

/** Sends one; `undefined` when the interface takes none just now. */
export function sendQuestion(link: Link, frame: Buffer): number | undefined {
  try {
    return link.send(frame);
  } catch (error) {
    if (error instanceof ProductError && error.code === 'ERR_LINK_BUSY') return undefined;
    throw error;
  }
}
