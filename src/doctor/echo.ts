import { echo } from '../icmp/echo.js';
import { ping } from '../icmp/ping.js';
import { ProductError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { Echo, Northbound } from './facts/facts.js';

/** The userspace datapath loses the first packet to a tunnel endpoint whose MAC it does not know. */
const TRIES = 3;

/**
 * Sends ICMP echo requests to the management ports of all nodes but `own`, all at once.
 * @throws ProductError `ERR_NO_RAW_SOCKET`
 */
export function askNodes({ nodes }: Northbound, own: string | undefined, timeoutMs: number): Promise<Echo[]> {
  const others = nodes.filter(({ name }) => name !== own);
  return Promise.all(
    others.flatMap(({ name, addresses }) =>
      addresses.map(async (address) => ({
        node: name,
        address,
        rttMs: await echoRepeatedly(address, timeoutMs / TRIES),
      })),
    ),
  );
}

async function echoRepeatedly(address: IpAddress, timeoutMs: number): Promise<number | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const rttMs = await echo(address, { timeoutMs }).catch((error) => otherwise(error, address, timeoutMs));
    if (rttMs !== undefined) return rttMs;
  }
  return undefined;
}

/** Asks with ping(8) if raw-socket is missing, and counts a request that could not be sent as one without an answer. */
async function otherwise(error: unknown, address: IpAddress, timeoutMs: number): Promise<number | undefined> {
  if (!(error instanceof ProductError)) throw error;
  if (error.code === 'ERR_NO_RAW_SOCKET') return ping(address, timeoutMs);
  if (error.code === 'ERR_ECHO') return undefined;
  throw error;
}
