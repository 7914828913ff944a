import type { Namespace } from './namespace.js';

/** One end of a cable. */
export interface End {
  readonly in: Namespace;
  readonly name: string;
  readonly mac?: string;
}

/**
 * A veth pair, both ends up.
 *
 * Checksum offload is off on both ends: the userspace datapath reads frames as they are, and the kernel leaves
 * the checksum of what it sends through a veth to hardware that is not there.
 */
export async function cable(left: End, right: End): Promise<void> {
  await left.in.ip(
    `link add ${described(left)} type veth peer ${described(right)} netns ${right.in.name}`,
    `link set dev ${left.name} up`,
  );
  await Promise.all([
    right.in.ip(`link set dev ${right.name} up`),
    softwareChecksums(left),
    softwareChecksums(right),
  ]);
}

/** Has the kernel compute what it sends out of this device. */
export async function softwareChecksums({ in: namespace, name }: End): Promise<void> {
  await namespace.exec(['ethtool', '-K', name, 'tx', 'off']);
}

function described({ name, mac }: End): string {
  return mac === undefined ? `name ${name}` : `name ${name} address ${mac}`;
}
