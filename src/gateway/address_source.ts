import { execa } from 'execa';
import { Wakeup } from '../daemon/wakeup.js';
import { watchNetlink } from '../native.js';
import { explainError, ProductError } from '../net/errors.js';
import { familyOf, parseIp } from '../net/ip.js';
import type { LocalAddress } from './facts.js';

/** The addresses are asked for again this often whatever happens, and after a question that failed. */
const AGAIN_MS = { news: 60_000, failure: 1_000 } as const;

/** The addresses that the kernel has on an interface, followed: asked for anew when something has changed. */
export class AddressSource {
  private readonly wakeup = new Wakeup();
  private why: string | undefined;

  private constructor(
    private readonly name: string,
    private found: readonly LocalAddress[],
    private readonly changed: () => void,
  ) {}

  /** @throws ProductError `ERR_IP_ADDRESS` when they cannot be listed even once */
  static async open(name: string, changed: () => void, signal: AbortSignal): Promise<AddressSource> {
    const source = new AddressSource(name, await readAddresses(name), changed);
    void source.follow(signal);
    return source;
  }

  get addresses(): readonly LocalAddress[] {
    return this.found;
  }

  /** Why they are not known as they are now. */
  get problem(): string | undefined {
    return this.why;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const netlink = watchNetlink(['link', 'ipv4-ifaddr', 'ipv6-ifaddr'], this.wakeup.ring);
    while (!signal.aborted) {
      await this.wakeup.wait(this.why === undefined ? AGAIN_MS.news : AGAIN_MS.failure, signal);
      if (signal.aborted) break;
      try {
        this.found = await readAddresses(this.name);
        this.why = undefined;
      } catch (error) {
        this.why = explainError(error);
      }
      this.changed();
    }
    netlink.close();
  }
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
