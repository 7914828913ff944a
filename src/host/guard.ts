import { runNft } from './nft.js';
import { readSysctl } from './sysctls.js';

/**
 * Returns the nft script of the guard: it drops every frame at the NIC's ingress, after OVS has its copy. The userspace
 * datapath reads frames off the NIC beside the kernel, and without the guard the kernel would answer them too, with ICMP,
 * resets and ARP of its own.
 */
export function guardScript(nic: string): string {
  return script(nic, chain('ingress', nic, 'drop', []));
}

/**
 * Returns the nft script of the guard during a move: it drops at the bridge's ingress. The NIC is on the bridge then and
 * the kernel still takes frames from the NIC, so without it every request would be answered twice.
 *
 * Neighbours are resolved on both devices, since IPv6 resolves only on the interface that has the address. IPv4 passes
 * where `rp_filter` (ip-sysctl.rst) is on, which does the same job: strict, it accepts from the interface that the
 * routes lead to; loose, from one that has addresses. Router advertisements pass on neither device: by them the kernel
 * would add routes and addresses in the middle of the move.
 */
export function movingGuardScript(nic: string, bridge: string): string {
  const passed = [
    'ether type arp accept',
    'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    ...(hasReversePathFilter(nic) ? ['ether type ip accept'] : []),
  ];
  return script(nic, chain('ingress', bridge, 'drop', passed), advertisements(nic));
}

/**
 * Returns the nft script of the guard during the move back: the kernel receives everything on the NIC but router
 * advertisements, by which it would add routes and addresses in the middle of the move.
 */
export function returningGuardScript(nic: string): string {
  return script(nic, advertisements(nic));
}

/** Returns the chain that drops router advertisements on the NIC. */
function advertisements(nic: string): string[] {
  return chain('advertisements', nic, 'accept', ['icmpv6 type nd-router-advert drop']);
}

function chain(name: string, device: string, policy: 'drop' | 'accept', rules: readonly string[]): string[] {
  return [
    `  chain ${name} {`,
    `    type filter hook ingress device "${device}" priority -500; policy ${policy};`,
    ...rules.map((rule) => `    ${rule}`),
    '  }',
  ];
}

function script(nic: string, ...chains: readonly (readonly string[])[]): string {
  return [
    `table netdev ${guardTable(nic)}`,
    `delete table netdev ${guardTable(nic)}`,
    `table netdev ${guardTable(nic)} {`,
    ...chains.flat(),
    '}',
    '',
  ].join('\n');
}

/** Installs the guard. @throws ProductError `ERR_NFT` */
export async function setGuard(nic: string): Promise<void> {
  await runNft(guardScript(nic));
}

/** Installs the guard of a move, in one transaction in place of the other guard. @throws ProductError `ERR_NFT` */
export async function setMovingGuard(nic: string, bridge: string): Promise<void> {
  await runNft(movingGuardScript(nic, bridge));
}

/** Installs the guard of a move back, in one transaction in place of the other guard. @throws ProductError `ERR_NFT` */
export async function setReturningGuard(nic: string): Promise<void> {
  await runNft(returningGuardScript(nic));
}

/** Removes the guard, of any kind, if there is one. @throws ProductError `ERR_NFT` */
export async function removeGuard(nic: string): Promise<void> {
  await runNft(`table netdev ${guardTable(nic)}\ndelete table netdev ${guardTable(nic)}\n`);
}

/** Returns the output of `nft list ruleset` without the guard of `nic`. */
export function withoutGuard(ruleset: string, nic: string): string {
  return ruleset.replace(new RegExp(`^table netdev ${guardTable(nic)} \\{\\n[\\s\\S]*?^\\}`, 'm'), '');
}

/** Returns the name of the guard's nft table. */
export function guardTable(nic: string): string {
  return `ovn_k8s_${nic.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
}

/** The kernel applies the greater of the two values (ip-sysctl.rst). */
function hasReversePathFilter(nic: string): boolean {
  const values = ['all', nic].map((name) => readSysctl(`net/ipv4/conf/${name}/rp_filter`));
  return Math.max(...values.map((value) => Number(value ?? 0))) > 0;
}
