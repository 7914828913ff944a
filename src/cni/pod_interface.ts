import { formatCidr } from '../net/cidr.js';
import type { PodNetwork } from '../ovn/pods.js';
import { type RunProgram, runOrFail } from './program.js';
import type { Attachment } from './request.js';

/**
 * Turns the checksum offload of the pod's interface off, for a bridge with the userspace datapath, which does not
 * complete the checksums that the pod's kernel leaves to an offload.
 * @throws CniError
 */
export async function turnOffloadOff(run: RunProgram, { netns, ifName }: Attachment): Promise<void> {
  await runOrFail(
    run,
    'nsenter',
    inside(netns, ['ethtool', '-K', ifName, 'tx', 'off']),
    settingUp({ netns, ifName }),
  );
}

/**
 * A runtime may turn IPv6 off in a container. Router advertisements must not add to what OVN gave the pod. The shell
 * writes both values and becomes `ip`, which is one process less than sysctl(8) takes.
 */
const CONFIGURE_IPV6 =
  'cd "/proc/sys/net/ipv6/conf/$1" && echo 0 >disable_ipv6 && echo 0 >accept_ra && exec ip -batch -';

/** Gives the pod's interface the MAC, addresses and routes of `network`, and turns it up. @throws CniError */
export async function configureInside(
  run: RunProgram,
  { netns, ifName }: Attachment,
  network: PodNetwork,
): Promise<void> {
  const hasIpv6 = network.addresses.some(({ family }) => family === 6);
  const argv = hasIpv6 ? ['sh', '-c', CONFIGURE_IPV6, 'sh', ifName] : ['ip', '-batch', '-'];
  const what = settingUp({ netns, ifName });
  await runOrFail(run, 'nsenter', inside(netns, argv), what, insideBatch(ifName, network));
}

/** Returns the lines for `ip -batch` in the pod's namespace. */
export function insideBatch(ifName: string, { mac, addresses, gateways }: PodNetwork): string {
  return [
    'link set dev lo up',
    `link set dev ${ifName} address ${mac}`,
    `link set dev ${ifName} up`,
    ...addresses.map(
      (one) => `address add ${formatCidr(one)} dev ${ifName}${one.family === 6 ? ' nodad' : ''}`,
    ),
    ...gateways.map((gateway) => `route add default via ${gateway} dev ${ifName}`),
    '',
  ].join('\n');
}

/** The state of the pod's interface. */
export interface InsideState {
  readonly mac: string;
  readonly isUp: boolean;
  /** Such as `10.244.1.5/24`. */
  readonly addresses: readonly string[];
  /** The gateways of default routes through the interface. */
  readonly gateways: readonly string[];
}

/** Reads the state of the pod's interface. @throws CniError if there is no such interface */
export async function readInside(run: RunProgram, { netns, ifName }: Attachment): Promise<InsideState> {
  const what = `reading ${ifName} in ${netns}`;
  const show = async (...args: string[]) =>
    JSON.parse((await runOrFail(run, 'nsenter', inside(netns, ['ip', '-j', ...args]), what)) || '[]');
  const [[link], routes4, routes6] = await Promise.all([
    show('address', 'show', 'dev', ifName),
    show('-4', 'route', 'show', 'default', 'dev', ifName),
    show('-6', 'route', 'show', 'default', 'dev', ifName),
  ]);
  return {
    mac: String(link?.address),
    isUp: link?.flags?.includes('UP') === true,
    addresses: (link?.addr_info ?? []).map(
      ({ local, prefixlen }: { local: string; prefixlen: number }) => `${local}/${prefixlen}`,
    ),
    gateways: [...routes4, ...routes6].flatMap(({ gateway }: { gateway?: string }) => gateway ?? []),
  };
}

function settingUp({ netns, ifName }: Pick<Attachment, 'netns' | 'ifName'>): string {
  return `setting up ${ifName} in ${netns}`;
}

/** Returns the arguments of nsenter(1) that run `argv` in a network namespace. */
function inside(netns: string, argv: readonly string[]): string[] {
  return [`--net=${netns}`, '--', ...argv];
}
