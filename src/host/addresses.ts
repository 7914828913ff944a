import { execa } from 'execa';
import type { Cidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { familyOf, parseIp } from '../net/ip.js';

/** An address that the kernel has on an interface. */
export interface LocalAddress extends Cidr {
  /** Whether it is an RFC 8981 temporary address, a deprecated or a tentative one: not the one to be known by. */
  readonly secondary: boolean;
}

/** One address of `ip -json address show` (ip-address(8)); flags are keys that are `true`. */
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
 * The addresses that the kernel has on interface `name`; none when there is no such interface.
 * @throws ProductError `ERR_IP_ADDRESS` when `ip` cannot be run
 */
export async function readAddresses(name: string): Promise<LocalAddress[]> {
  const { stdout, failed, exitCode, shortMessage } = await execa(
    'ip',
    ['-json', 'address', 'show', 'dev', name],
    {
      reject: false,
      timeout: 5_000,
      stdin: 'ignore',
    },
  );
  // ip exits 1 for a device that does not exist (ip(8), "EXIT STATUS").
  if (failed && exitCode === 1) return [];
  if (failed)
    throw new ProductError('ERR_IP_ADDRESS', `cannot list the addresses of ${name}: ${shortMessage}`);
  return parseAddresses(stdout);
}

/** Reads the output of `ip -json address show dev NAME`. */
export function parseAddresses(json: string): LocalAddress[] {
  const links = JSON.parse(json === '' ? '[]' : json) as readonly {
    readonly addr_info?: readonly AddrInfo[];
  }[];
  return links
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
