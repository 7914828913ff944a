import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';
import { until, when } from './until.js';

const AGENT = join(PROJECT, 'lab/web_agent.mjs');

/**
 * Serves HTTP on every address of a namespace. Each answer is `hello, ADDRESS port PORT` with the client's address and
 * port, followed by `, from NAME` if the server has a name.
 */
export async function startWebServer(inside: Namespace, port = 80, name?: string): Promise<Running> {
  const server = inside.spawn([process.execPath, AGENT, 'serve', String(port), ...(name ? [name] : [])]);
  await server.says(/serving/);
  return server;
}

/** Fetches a page from inside a namespace, within 2 s. */
export function httpGet(inside: Namespace, url: string): Promise<string> {
  return inside.exec([process.execPath, AGENT, 'get', url]);
}

/**
 * Fetches until `count` servers have answered, and returns their names. One fetch is not enough: the userspace datapath
 * drops the first packet to another node while it resolves that node's MAC, and Debian's OVS 3.1 does not translate the
 * address of the retransmission.
 */
export async function answering(from: Namespace, url: string, count: number): Promise<string[]> {
  const names = new Set<string>();
  await until(`${count} servers to answer at ${url}`, async () => {
    const answer = await httpGet(from, url).catch(() => undefined);
    const name = answer && /from (.*)$/.exec(answer)?.[1];
    if (name) names.add(name);
    return when(names.size >= count);
  });
  return [...names].sort();
}
