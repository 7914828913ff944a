import { execa } from 'execa';
import type { Cidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { familyOf, parseIp } from '../net/ip.js';
import { parseIpJson, TIMEOUT_MS } from './iproute_read.js';

/** An address that the kernel has on an interface. */
export interface LocalAddress extends Cidr {
  /** Whether it is a temporary (RFC 8981), deprecated or tentative address: others should not know the host by it. */
  readonly secondary: boolean;
}

/** One address of `ip -json address show` (ip-address(8)); a flag is a key whose value is `true`. */
interface AddrInfo {
  readonly local?: string;
  readonly prefixlen?: number;
  readonly temporary?: boolean;
  readonly deprecated?: boolean;
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
  readonly secondary?: boolean;
}

/**
 * Returns the addresses that the kernel has on interface `name`; none if there is no such interface.
 * @throws ProductError `ERR_IP_ADDRESS` if `ip` fails
 */
export async function readAddresses(name: string): Promise<LocalAddress[]> {
  const args = ['-json', 'address', 'show', 'dev', name];
  const { stdout, failed, exitCode, shortMessage } = await execa('ip', args, {
    reject: false,
    timeout: TIMEOUT_MS,
    stdin: 'ignore',
  });
  // ip exits 1 for a device that does not exist (ip(8), "EXIT STATUS").
  if (failed && exitCode === 1) return [];
  if (failed)
    throw new ProductError('ERR_IP_ADDRESS', `cannot list the addresses of ${name}: ${shortMessage}`);
  return parseAddresses(stdout);
}

/** Parses the output of `ip -json address show dev NAME`. */
export function parseAddresses(json: string): LocalAddress[] {
  return parseIpJson<{ readonly addr_info?: readonly AddrInfo[] }>(json)
    .flatMap((link) => link.addr_info ?? [])
    .flatMap((info) => {
      if (info.local === undefined || info.prefixlen === undefined) return [];
      const address = parseIp(info.local);
      const secondary = [
        info.temporary,
        info.deprecated,
        info.tentative,
        info.dadfailed,
        info.secondary,
      ].some(Boolean);
      return [{ address, prefix: info.prefixlen, family: familyOf(address), secondary }];
    });
}
