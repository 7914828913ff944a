import { join } from 'node:path';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';
import type { Running } from './running.js';

const AGENT = join(PROJECT, 'lab/target_agent.mjs');

/** What a client asks once. */
export interface Target {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly address: string;
  readonly port: number;
  /** The client's address; without it, the kernel chooses. SCTP does not take it. */
  readonly from?: string;
}

export interface TargetAnswer {
  /** The server's name, `refused`, `silence`, or an error code of connect(2). */
  readonly outcome: string;
  /** The client's address as the server saw it. */
  readonly client?: string;
  /** How many sockets the client opened, one after the other. */
  readonly attempts: number;
  /** How long the last of them took. */
  readonly ms: number;
}

/** Answers TCP and UDP at a port of these addresses of a namespace, with the server's name. */
export async function serveTargets(
  inside: Namespace,
  name: string,
  port: number,
  addresses: readonly string[],
): Promise<Running> {
  const server = inside.spawn([process.execPath, AGENT, 'serve', name, String(port), ...addresses]);
  await server.says(/serving/);
  return server;
}

/** Answers the INIT of each SCTP association to a port of a namespace, at all its addresses, with the server's name. */
export async function serveSctp(inside: Namespace, name: string, port: number): Promise<Running> {
  const server = inside.spawn([process.execPath, AGENT, 'serve-sctp', name, String(port)]);
  await server.says(/serving/);
  return server;
}

/**
 * Asks many targets at once from inside a namespace. Returns one answer for each, within about 5 s. A client opens a
 * new socket after `attemptMs`: the userspace datapath drops the first packet to another node while it resolves that
 * node's MAC, and a TCP client sends its second one after 1 s. A UDP client sends again from one socket after `againMs`.
 */
export async function askTargets(
  from: Namespace,
  targets: readonly Target[],
  { attemptMs = 800, againMs = 300 }: { readonly attemptMs?: number; readonly againMs?: number } = {},
): Promise<TargetAnswer[]> {
  const argv = [process.execPath, AGENT, 'ask', String(attemptMs), String(againMs)];
  return JSON.parse(await from.exec(argv, { input: JSON.stringify(targets) }));
}
