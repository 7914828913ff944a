import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import { readSysctl } from './sysctls.js';

/**
 * The userspace datapath reads frames off the NIC beside the kernel, which would answer them too: with its own
 * ICMP, resets and ARP. This drops, at the NIC's ingress and after OVS has its copy, what the kernel would take.
 */
export function guardScript(nic: string): string {
  return script(nic, nic, []);
}

/**
 * While a move is under way the NIC is on the bridge and the kernel still takes frames from the NIC: what comes out
 * of the bridge is dropped, or every request would be answered twice. Neighbours are asked and answered on both, as
 * IPv6 does it only on the interface that has the address; and IPv4 is left to `rp_filter` (ip-sysctl.rst)
 * where that is on: strict, it takes from the interface that the routes are on, and loose, from one that has addresses.
 */
export function movingGuardScript(nic: string, bridge: string): string {
  return script(nic, bridge, [
    'ether type arp accept',
    'icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept',
    ...(hasReversePathFilter(nic) ? ['ether type ip accept'] : []),
  ]);
}

function script(nic: string, device: string, rules: readonly string[]): string {
  return [
    `table netdev ${guardTable(nic)}`,
    `delete table netdev ${guardTable(nic)}`,
    `table netdev ${guardTable(nic)} {`,
    '  chain ingress {',
    `    type filter hook ingress device "${device}" priority -500; policy drop;`,
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** @throws ProductError `ERR_NFT` */
export async function setGuard(nic: string): Promise<void> {
  await nft(guardScript(nic));
}

/** In place of the other guard, if that is there, and in one transaction. @throws ProductError `ERR_NFT` */
export async function setMovingGuard(nic: string, bridge: string): Promise<void> {
  await nft(movingGuardScript(nic, bridge));
}

/** Takes either guard away; one that is not there is as good. */
export async function removeGuard(nic: string): Promise<void> {
  await nft(`table netdev ${guardTable(nic)}\ndelete table netdev ${guardTable(nic)}\n`);
}

/** What `nft list ruleset` prints, but for the guard of `nic`. */
export function withoutGuard(ruleset: string, nic: string): string {
  return ruleset.replace(new RegExp(`^table netdev ${guardTable(nic)} \\{\\n[\\s\\S]*?^\\}`, 'm'), '');
}

/** The name of the guard's table. */
export function guardTable(nic: string): string {
  return `ovn_k8s_${nic.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
}

/** The greater one of the two counts. */
function hasReversePathFilter(nic: string): boolean {
  const values = ['all', nic].map((name) => readSysctl(`ipv4/conf/${name}/rp_filter`));
  return Math.max(...values.map(Number)) > 0;
}

async function nft(script: string): Promise<void> {
  const { failed, stderr, shortMessage } = await execa('nft', ['-f', '-'], {
    input: script,
    reject: false,
    timeout: 5_000,
    detached: true,
  });
  if (failed)
    throw new ProductError(
      'ERR_NFT',
      `nft: ${stderr.split('\n')[0] || shortMessage}; is the nftables package installed?`,
    );
}
