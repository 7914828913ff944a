import { echo } from '../icmp/echo.js';
import { ProductError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { Echo, Northbound } from './facts/facts.js';

/** A userspace datapath loses the first packet to a tunnel's end whose MAC it must ask for. */
const TRIES = 3;

/**
 * Asks the management ports of all nodes but `own` for an ICMP echo, all at once.
 * @throws ProductError `ERR_NO_RAW_SOCKET`
 */
export function askNodes({ nodes }: Northbound, own: string | undefined, timeoutMs: number): Promise<Echo[]> {
  const others = nodes.filter(({ name }) => name !== own);
  return Promise.all(
    others.flatMap(({ name, addresses }) =>
      addresses.map(async (address) => ({
        node: name,
        address,
        rttMs: await askOften(address, timeoutMs / TRIES),
      })),
    ),
  );
}

async function askOften(address: IpAddress, timeoutMs: number): Promise<number | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const rttMs = await echo(address, { timeoutMs }).catch(noAnswer);
    if (rttMs !== undefined) return rttMs;
  }
  return undefined;
}

/** A request that could not be sent, for want of a route, is not answered either. */
function noAnswer(error: unknown): undefined {
  if (error instanceof ProductError && error.code === 'ERR_ECHO') return undefined;
  throw error;
}
