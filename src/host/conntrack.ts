import { readFileSync } from 'node:fs';
import { type ExecaError, execa } from 'execa';
import { ProductError } from '../net/errors.js';
import { type Family, type IpAddress, parseIp } from '../net/ip.js';

/** Where a packet was sent to, before any translation. */
export interface Target {
  readonly address: IpAddress;
  readonly port: number;
}

const TIMEOUT_MS = 10_000;
const MAX_ENTRIES = '/proc/sys/net/netfilter/nf_conntrack_max';
/** The limit of what one run prints of its errors. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Returns how many connections the kernel tracks at most; `undefined` if it tracks none. */
export function mostTracked(): number | undefined {
  try {
    return Number(readFileSync(MAX_ENTRIES, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Returns the targets of the host's own UDP entries (zone 0) for which `isWanted` is true, each once.
 * @throws ProductError `ERR_CONNTRACK`
 */
export async function udpTargets(
  family: Family,
  isWanted: (target: Target) => boolean,
): Promise<readonly Target[]> {
  const found = new Map<string, Target>();
  const child = execa('conntrack', ['-L', ...ofUdp(family)], {
    ...{ stdin: 'ignore', timeout: TIMEOUT_MS, maxBuffer: MAX_ERROR_BYTES, detached: true },
    buffer: { stdout: false },
  });
  try {
    for await (const line of child) {
      const target = targetIn(line);
      if (target === undefined) continue;
      const key = `${target.address} ${target.port}`;
      if (!found.has(key) && isWanted(target)) found.set(key, target);
    }
  } catch (error) {
    throw failure(error);
  }
  return [...found.values()];
}

/** Deletes the host's own UDP entries of a target, if there are any. @throws ProductError `ERR_CONNTRACK` */
export async function deleteUdpEntries(family: Family, { address, port }: Target): Promise<void> {
  const args = ['-D', ...ofUdp(family), '--orig-dst', address, '--orig-port-dst', String(port)];
  const options = { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore', detached: true } as const;
  const result = await execa('conntrack', args, { ...options, stdout: 'ignore' });
  // conntrack exits with 1 also if it found no entry (conntrack(8)).
  if (result.failed && !(result.exitCode === 1 && / 0 flow entries /.test(result.stderr)))
    throw failure(result);
}

/** Returns the target of a line of `conntrack -L`: its first `dst=` and `dport=` are those of the original direction. */
export function targetIn(line: string): Target | undefined {
  const [, address, port] = /^udp .*? dst=(\S+) sport=\d+ dport=(\d+)/.exec(line) ?? [];
  return address === undefined ? undefined : { address: parseIp(address), port: Number(port) };
}

function ofUdp(family: Family): readonly string[] {
  return ['-f', `ipv${family}`, '-p', 'udp', '--zone', '0'];
}

function failure(error: unknown): ProductError {
  const { code, stderr, shortMessage } = error as Partial<ExecaError>;
  if (code === 'ENOENT')
    return new ProductError('ERR_CONNTRACK', 'there is no conntrack; install the package conntrack');
  const [said = ''] = typeof stderr === 'string' ? stderr.split('\n') : [];
  const why = said.replace(/^conntrack v\S+ \(conntrack-tools\): /, '') || shortMessage || 'it ended early';
  return new ProductError('ERR_CONNTRACK', `conntrack: ${why}`);
}
