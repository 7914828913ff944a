import type { PodNetwork } from '../kube/pod_annotation.js';
import { formatCidr } from '../net/cidr.js';
import { type RunProgram, runOrFail } from './program.js';
import type { Attachment } from './request.js';

/**
 * Gives the pod's interface the addresses and routes of its annotation.
 * @param isUserspace whether the bridge has the userspace datapath, which does not complete the checksums that the pod's
 * kernel leaves to an offload: turns the offload off
 * @throws CniError
 */
export async function configureInside(
  run: RunProgram,
  { netns, ifName }: Attachment,
  network: PodNetwork,
  isUserspace: boolean,
): Promise<void> {
  const what = `setting up ${ifName} in ${netns}`;
  if (isUserspace)
    await runOrFail(run, 'nsenter', inside(netns, ['ethtool', '-K', ifName, 'tx', 'off']), what);
  if (network.addresses.some(({ family }) => family === 6)) {
    const key = `net/ipv6/conf/${ifName}`;
    // A runtime may turn IPv6 off in a container. Router advertisements must not add to what OVN gave the pod.
    const values = [`${key}/disable_ipv6=0`, `${key}/accept_ra=0`];
    await runOrFail(run, 'nsenter', inside(netns, ['sysctl', '-qw', ...values]), what);
  }
  await runOrFail(run, 'nsenter', inside(netns, ['ip', '-batch', '-']), what, insideBatch(ifName, network));
}

/** Returns the lines for `ip -batch` in the pod's namespace. */
export function insideBatch(ifName: string, { addresses, gateways }: PodNetwork): string {
  return [
    'link set dev lo up',
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

/** Returns the arguments of nsenter(1) that run `argv` in a network namespace. */
function inside(netns: string, argv: readonly string[]): string[] {
  return [`--net=${netns}`, '--', ...argv];
}
