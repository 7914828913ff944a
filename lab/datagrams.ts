import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'lab/datagram_agent.mjs');

/** Sends a datagram each 100 ms from one socket. The program's output is the names of the servers that answer. */
export function keepSending(from: Namespace, address: string, port: number): Running {
  return from.spawn([process.execPath, AGENT, address, String(port)]);
}
