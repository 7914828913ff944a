import type { Namespace } from './namespace.js';

/** One end of a cable. */
export interface End {
  readonly in: Namespace;
  readonly name: string;
  readonly mac?: string;
}

/**
 * Makes a veth pair and sets both ends up.
 *
 * Checksum offload is off on both ends. With offload, the kernel sends frames through a veth without a checksum, and
 * the userspace datapath forwards them as they are.
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

/** Makes the kernel compute the checksums of frames that it sends out of this device. */
export async function softwareChecksums({ in: namespace, name }: End): Promise<void> {
  await namespace.exec(['ethtool', '-K', name, 'tx', 'off']);
}

function described({ name, mac }: End): string {
  return mac === undefined ? `name ${name}` : `name ${name} address ${mac}`;
}
