import { execa } from 'execa';
import type { Echo, Northbound } from './facts/facts.js';

/** A userspace datapath loses the first packet to a tunnel's end whose MAC it must ask for. */
const TRIES = 3;

/** Asks the management ports of all nodes but `own`, all at once. */
export function askNodes({ nodes }: Northbound, own: string | undefined, timeoutMs: number): Promise<Echo[]> {
  const others = nodes.filter(({ name }) => name !== own);
  return Promise.all(
    others.flatMap(({ name, addresses }) =>
      addresses.map(async (address) => {
        const { stdout } = await execa('ping', [`-c${TRIES}`, '-i0.2', '-W1', address], {
          reject: false,
          timeout: timeoutMs,
          stdin: 'ignore',
        });
        const [, ms] = /time=([\d.]+)/.exec(stdout) ?? [];
        return { node: name, address, rttMs: ms === undefined ? undefined : Number(ms) };
      }),
    ),
  );
}
