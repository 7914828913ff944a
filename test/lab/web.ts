import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'test/lab/web_agent.mjs');

/** Serves HTTP on every address of a namespace; each answer is `hello, ADDRESS port PORT` of who asked. */
export async function startWebServer(inside: Namespace, port = 80): Promise<Running> {
  const server = inside.spawn([process.execPath, AGENT, 'serve', String(port)]);
  await server.says(/serving/);
  return server;
}

/** Fetches a page from inside a namespace, within two seconds. */
export function httpGet(inside: Namespace, url: string): Promise<string> {
  return inside.exec([process.execPath, AGENT, 'get', url]);
}
