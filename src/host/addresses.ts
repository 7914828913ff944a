import { execa } from 'execa';
import { type Cidr, parseCidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { parseIpJson } from './ip_json.js';
import { SHOWN_LINK } from './ip_shapes.js';
import { TIMEOUT_MS } from './iproute_read.js';
import type { Address } from './snapshot.js';

/** An address that the kernel has on an interface. */
export interface LocalAddress extends Cidr {
  /** Whether it is a temporary (RFC 8981), deprecated or tentative address: others should not know the host by it. */
  readonly secondary: boolean;
}

/**
 * Returns the addresses that the kernel has on interface `name`; none if there is no such interface.
 * @throws ProductError `ERR_IP_ADDRESS` if `ip` fails
 */
export async function readAddresses(name: string): Promise<LocalAddress[]> {
  const args = ['-json', 'address', 'show', 'dev', name];
  const { stdout, stderr, failed, exitCode, shortMessage } = await execa('ip', args, {
    reject: false,
    timeout: TIMEOUT_MS,
    stdin: 'ignore',
  });
  // ip exits 1 for a device that does not exist, and also where it can open no netlink socket (ip(8), "EXIT STATUS").
  if (failed && exitCode === 1 && stderr.includes('does not exist')) return [];
  if (failed) {
    const why = stderr.split('\n')[0] || shortMessage;
    throw new ProductError('ERR_IP_ADDRESS', `cannot list the addresses of ${name}: ${why}`);
  }
  return parseAddresses(stdout);
}

/**
 * Parses the output of `ip -json address show dev NAME`.
 * @throws ProductError `ERR_IP`, `ERR_NOT_AN_ADDRESS`, `ERR_BAD_PREFIX`
 */
export function parseAddresses(json: string): LocalAddress[] {
  return parseIpJson<{ readonly addr_info?: readonly Partial<Address>[] }>(json, SHOWN_LINK)
    .flatMap((link) => link.addr_info ?? [])
    .flatMap(({ local, prefixlen, ...flags }) => {
      if (local === undefined || prefixlen === undefined) return [];
      const { temporary, deprecated, tentative, dadfailed, secondary } = flags;
      const isSecondary = [temporary, deprecated, tentative, dadfailed, secondary].some(Boolean);
      return [{ ...parseCidr(`${local}/${prefixlen}`), secondary: isSecondary }];
    });
}
