import { execa } from 'execa';
import { parseIp } from '../../net/ip.js';
import type { LinkFacts } from './facts.js';

/** The fields of a link of `ip -json address show` (ip-address(8)) that are read. */
interface ShownLink {
  readonly ifname?: string;
  readonly mtu?: number;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly local?: string }[];
}

/** Reads the host's interfaces with their addresses. */
export async function readLinkFacts(timeoutMs: number): Promise<LinkFacts[]> {
  const { stdout } = await execa('ip', ['-json', 'address', 'show'], { timeout: timeoutMs, stdin: 'ignore' });
  return parseLinks(stdout);
}

/** Parses the output of `ip -json address show`, which has an empty object for each link that a filter omits. */
export function parseLinks(json: string): LinkFacts[] {
  return (JSON.parse(json || '[]') as readonly ShownLink[]).flatMap(({ ifname, mtu, flags, addr_info }) =>
    ifname === undefined || mtu === undefined
      ? []
      : [
          {
            name: ifname,
            mtu,
            isUp: flags?.includes('UP') ?? false,
            addresses: (addr_info ?? []).flatMap(({ local }) =>
              local === undefined ? [] : [parseIp(local)],
            ),
          },
        ],
  );
}
