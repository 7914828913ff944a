import { execa } from 'execa';
import { parseIpJson } from '../../host/ip_json.js';
import { SHOWN_LINK } from '../../host/ip_shapes.js';
import type { Address, Link } from '../../host/snapshot.js';
import { parseIp } from '../../net/ip.js';
import type { LinkFacts } from './facts.js';

/** Reads the host's interfaces with their addresses. */
export async function readLinkFacts(timeoutMs: number): Promise<LinkFacts[]> {
  const { stdout } = await execa('ip', ['-json', 'address', 'show'], { timeout: timeoutMs, stdin: 'ignore' });
  return parseLinks(stdout);
}

/** Parses the output of `ip -json address show`. @throws ProductError */
export function parseLinks(json: string): LinkFacts[] {
  return parseIpJson<Partial<Link> & { readonly addr_info?: readonly Partial<Address>[] }>(
    json,
    SHOWN_LINK,
  ).flatMap(({ ifname, mtu, flags, addr_info }) =>
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
