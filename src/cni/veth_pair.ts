import { createHash } from 'node:crypto';
import { type MacAddress, macOfBytes } from '../net/mac.js';
import { CniError, CODES } from './errors.js';
import { type RunProgram, runOrFail } from './program.js';
import type { Attachment } from './request.js';

type Key = Pick<Attachment, 'containerId' | 'ifName'>;

/**
 * Returns the name of the veth pair's host end. It depends only on the attachment, so DEL finds the pair without stored
 * state. An interface's name has at most 15 characters (IFNAMSIZ less one).
 */
export function hostEnd(key: Key): string {
  return `veth${digest(key).toString('hex').slice(0, 11)}`;
}

/**
 * Returns the MAC for the host end: locally administered, and the same for one attachment, so it need not be read from
 * the kernel.
 */
export function hostMac(key: Key): MacAddress {
  return macOfBytes([0x0e, ...digest(key).subarray(-5)]);
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
 * was killed. The host end takes no part in ARP: with OVS's userspace datapath the kernel receives the pod's requests
 * too, and would answer those for any address of the host with the MAC of the host end.
 * @throws CniError
 */
export async function createPair(
  run: RunProgram,
  attachment: Pick<Attachment, 'containerId' | 'ifName' | 'netns'>,
  mtu: number,
): Promise<void> {
  const { netns, ifName } = attachment;
  const host = hostEnd(attachment);
  const size = ['mtu', String(mtu)];
  const peer = ['peer', 'name', ifName, ...size, 'netns', netns];
  const create = [
    'link',
    'add',
    host,
    'up',
    ...['arp', 'off'],
    'address',
    hostMac(attachment),
    ...size,
    'type',
    'veth',
    ...peer,
  ];
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

function digest({ containerId, ifName }: Key): Buffer {
  return createHash('sha256').update(`${containerId} ${ifName}`).digest();
}
