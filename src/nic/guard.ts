import { execa } from 'execa';
import { ProductError } from '../net/errors.js';

/**
 * The userspace datapath reads frames off the NIC beside the kernel, which would answer them too: with its own
 * ICMP, resets and ARP. This drops, at the NIC's ingress and after OVS has its copy, what the kernel would take.
 */
export function guardScript(nic: string): string {
  return [
    `table netdev ${guardTable(nic)}`,
    `delete table netdev ${guardTable(nic)}`,
    `table netdev ${guardTable(nic)} {`,
    `  chain ingress { type filter hook ingress device "${nic}" priority -500; policy drop; }`,
    '}',
    '',
  ].join('\n');
}

/** @throws ProductError `ERR_NFT` */
export async function setGuard(nic: string): Promise<void> {
  await nft(guardScript(nic));
}

/** Takes the guard away; one that is not there is as good. */
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
