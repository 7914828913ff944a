import { createHash } from 'node:crypto';
import { CniError, CODES } from './errors.js';
import { type RunProgram, runOrFail } from './program.js';
import type { Attachment } from './request.js';

/**
 * Returns the name of the veth pair's host end. It depends only on the attachment, so DEL finds the pair without stored
 * state. An interface's name has at most 15 characters (IFNAMSIZ less one).
 */
export function hostEnd({ containerId, ifName }: Pick<Attachment, 'containerId' | 'ifName'>): string {
  return `veth${createHash('sha256').update(`${containerId} ${ifName}`).digest('hex').slice(0, 11)}`;
}

/** Returns the MAC of an interface of the host. @throws CniError if there is no such interface */
export async function readMac(run: RunProgram, name: string): Promise<string> {
  const [link] = JSON.parse(
    await runOrFail(run, 'ip', ['-j', 'link', 'show', 'dev', name], `reading ${name}`),
  );
  return String(link?.address);
}

/**
 * Creates the pair, with the pod's end in the pod's namespace. Deletes a pair first that an earlier ADD left when it
 * was killed.
 * @throws CniError
 */
export async function createPair(
  run: RunProgram,
  { netns, ifName }: Attachment,
  host: string,
  mac: string,
  mtu: number,
): Promise<void> {
  const size = ['mtu', String(mtu)];
  const peer = ['peer', 'name', ifName, 'address', mac, ...size, 'netns', netns];
  const create = ['link', 'add', host, 'up', ...size, 'type', 'veth', ...peer];
  const { failure } = await run('ip', create);
  if (failure === undefined) return;
  await deletePair(run, host);
  await runOrFail(run, 'ip', create, `making ${ifName} in ${netns}`);
}

/** Deletes the pair if it exists; both ends go at once. @throws CniError */
export async function deletePair(run: RunProgram, host: string): Promise<void> {
  const { failure } = await run('ip', ['link', 'del', host]);
  if (failure !== undefined && !failure.startsWith('Cannot find device'))
    throw new CniError(CODES.inputOutput, `ip link del ${host}: ${failure}`);
}
