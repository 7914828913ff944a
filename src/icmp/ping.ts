// ICMP and ICMPv6 echoes by ping(8), where the npm package raw-socket is not installed.
import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';

/** How long ping may take beyond its own limit, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * Sends one echo request with ping(8) of iputils.
 * @returns milliseconds until its reply; `undefined` if none arrives in time, or the request cannot be sent
 * @throws ProductError `ERR_NO_RAW_SOCKET` if there is no such program
 */
export async function ping(address: IpAddress, timeoutMs: number): Promise<number | undefined> {
  const { stdout, failed, cause } = await execa(
    'ping',
    ['-n', '-c', '1', '-W', String(timeoutMs / 1000), address],
    { timeout: timeoutMs + GRACE_MS, stdin: 'ignore', reject: false, env: { LC_ALL: 'C' } },
  );
  if (failed && isMissing(cause))
    throw new ProductError(
      'ERR_NO_RAW_SOCKET',
      'neither ping nor the npm package raw-socket is installed; run apt-get install iputils-ping',
    );
  return readPing(stdout);
}

/** Returns the round trip time in ping's output, in milliseconds; `undefined` if there was no reply. */
export function readPing(output: string): number | undefined {
  const [, text] = /^\d+ bytes from .* time=(\d+(?:\.\d+)?) ms$/m.exec(output) ?? [];
  return text === undefined ? undefined : Number(text);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
