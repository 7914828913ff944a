import { execa } from 'execa';
import { parseIp } from '../../net/ip.js';
import type { LinkFacts } from './facts.js';

/** A link of `ip -json address show` (ip-address(8)), as far as it is looked at. */
interface ShownLink {
  readonly ifname?: string;
  readonly mtu?: number;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly local?: string }[];
}

/** Every interface of the host, with its addresses. */
export async function readLinks(timeoutMs: number): Promise<LinkFacts[]> {
  const { stdout } = await execa('ip', ['-json', 'address', 'show'], { timeout: timeoutMs, stdin: 'ignore' });
  return parseLinks(stdout);
}

/** Reads the output of `ip -json address show`; it writes empty objects for what a filter left out. */
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
