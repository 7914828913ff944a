import { createHash } from 'node:crypto';
import type { PodNetwork } from '../kube/pod_annotation.js';
import { formatCidr } from '../net/cidr.js';
import { CniError, CODES } from './errors.js';
import { runProgram } from './program.js';
import type { Attachment } from './request.js';

/**
 * The name of the host's end: the same whenever the same is asked for, so that DEL finds it though nothing was kept.
 * An interface has at most 15 characters (IFNAMSIZ less one).
 */
export function hostEnd({ containerId, ifName }: Pick<Attachment, 'containerId' | 'ifName'>): string {
  return `veth${createHash('sha256').update(`${containerId} ${ifName}`).digest('hex').slice(0, 11)}`;
}

/** @throws CniError where there is no such interface */
export async function readMac(name: string): Promise<string> {
  const [link] = JSON.parse(await run('ip', ['-j', 'link', 'show', 'dev', name], `reading ${name}`));
  return String(link?.address);
}

/**
 * Makes the pair, the pod's end in its namespace with its MAC. The host's end of an earlier try that was killed is in
 * the way, and goes first.
 * @throws CniError
 */
export async function createPair(
  { netns, ifName }: Attachment,
  host: string,
  mac: string,
  mtu: number,
): Promise<void> {
  const size = ['mtu', String(mtu)];
  const peer = ['peer', 'name', ifName, 'address', mac, ...size, 'netns', netns];
  const create = ['link', 'add', host, 'up', ...size, 'type', 'veth', ...peer];
  const { failure } = await runProgram('ip', create);
  if (failure === undefined) return;
  await deletePair(host);
  await run('ip', create, `making ${ifName} in ${netns}`);
}

/** Takes the pair away; both ends go at once. One that is gone is gone. @throws CniError */
export async function deletePair(host: string): Promise<void> {
  const { failure } = await runProgram('ip', ['link', 'del', host]);
  if (failure !== undefined && !failure.startsWith('Cannot find device'))
    throw new CniError(CODES.inputOutput, `ip link del ${host}: ${failure}`);
}

/**
 * Gives the pod's end what the annotation says.
 * @param isUserspace the datapath reads frames as they are: the checksums of what the pod sends must be in them
 * @throws CniError
 */
export async function configureInside(
  { netns, ifName }: Attachment,
  network: PodNetwork,
  isUserspace: boolean,
): Promise<void> {
  const what = `setting up ${ifName} in ${netns}`;
  if (isUserspace) await run('nsenter', inside(netns, ['ethtool', '-K', ifName, 'tx', 'off']), what);
  if (network.addresses.some(({ family }) => family === 6)) {
    const key = `net/ipv6/conf/${ifName}`;
    // A container may come with IPv6 off, and what a pod has is not for routers to say.
    const values = [`${key}/disable_ipv6=0`, `${key}/accept_ra=0`];
    await run('nsenter', inside(netns, ['sysctl', '-qw', ...values]), what);
  }
  await run('nsenter', inside(netns, ['ip', '-batch', '-']), what, insideBatch(ifName, network));
}

/** The lines for `ip -batch` in the pod's namespace. */
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

/** What the pod's end has. */
export interface InsideState {
  readonly mac: string;
  readonly isUp: boolean;
  /** `10.244.1.5/24`. */
  readonly addresses: readonly string[];
  /** The gateways of default routes. */
  readonly gateways: readonly string[];
}

/** @throws CniError where there is no such interface */
export async function readInside({ netns, ifName }: Attachment): Promise<InsideState> {
  const what = `reading ${ifName} in ${netns}`;
  const ask = async (...args: string[]) =>
    JSON.parse((await run('nsenter', inside(netns, ['ip', '-j', ...args]), what)) || '[]');
  const [[link], routes4, routes6] = await Promise.all([
    ask('address', 'show', 'dev', ifName),
    ask('-4', 'route', 'show', 'default', 'dev', ifName),
    ask('-6', 'route', 'show', 'default', 'dev', ifName),
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

function inside(netns: string, argv: readonly string[]): string[] {
  return [`--net=${netns}`, '--', ...argv];
}

/** @throws CniError with what the program says */
async function run(program: string, args: readonly string[], what: string, input?: string): Promise<string> {
  const { stdout, failure } = await runProgram(program, args, input);
  if (failure !== undefined) throw new CniError(CODES.inputOutput, `${what}: ${failure}`);
  return stdout;
}
