import { join } from 'node:path';
import type { Namespace } from '../../lab/namespace.js';
import { PROJECT } from '../../lab/project.js';

const AGENT = join(PROJECT, 'bench/lab/stream_agent.mjs');

/** Makes a host accept TCP streams at a port. */
export async function takeStreams(net: Namespace, port: number): Promise<void> {
  await net.spawn([process.execPath, AGENT, 'serve', String(port)]).says(/serving/);
}

/** Returns the milliseconds of a TCP stream, from its first octet until the receiver confirms the last. */
export async function sendStream(
  from: Namespace,
  to: { readonly address: string; readonly port: number },
  megabytes: number,
): Promise<number> {
  const args = ['send', to.address, String(to.port), String(megabytes)];
  return Number(await from.exec([process.execPath, AGENT, ...args]));
}
