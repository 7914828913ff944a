import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'test/lab/web_agent.mjs');

/**
 * Serves HTTP on every address of a namespace; each answer is `hello, ADDRESS port PORT` of who asked, and `, from NAME`
 * where the server has a name.
 */
export async function startWebServer(inside: Namespace, port = 80, name?: string): Promise<Running> {
  const server = inside.spawn([process.execPath, AGENT, 'serve', String(port), ...(name ? [name] : [])]);
  await server.says(/serving/);
  return server;
}

/** Fetches a page from inside a namespace, within two seconds. */
export function httpGet(inside: Namespace, url: string): Promise<string> {
  return inside.exec([process.execPath, AGENT, 'get', url]);
}
