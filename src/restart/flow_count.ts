import { execa } from 'execa';
import { ProductError } from '../net/errors.js';
import { type CookieRange, formatCookieRange } from '../openflow/cookie.js';

const TIMEOUT_MS = 2_000;

/**
 * Returns the number of flows of a bridge, from its aggregate: a dump of all flows keeps the switch busy.
 * @param cookies which flows count
 * @throws ProductError `ERR_NO_SWITCH` if the switch does not answer
 */
export async function countFlows(rundir: string, bridge: string, cookies?: CookieRange): Promise<number> {
  const which = cookies === undefined ? [] : [`cookie=${formatCookieRange(cookies)}`];
  const target = `unix:${rundir}/${bridge}.mgmt`;
  const { stdout, failed, stderr } = await execa(
    'ovs-ofctl',
    ['-O', 'OpenFlow14', 'dump-aggregate', target, ...which],
    {
      stdin: 'ignore',
      timeout: TIMEOUT_MS,
      reject: false,
    },
  );
  const [, count] = /flow_count=(\d+)/.exec(stdout) ?? [];
  if (failed || count === undefined)
    throw new ProductError(
      'ERR_NO_SWITCH',
      `${bridge}: the switch does not count its flows: ${stderr || stdout}`,
    );
  return Number(count);
}

/** How many flows must be there again, as a share of those before: a cluster changes meanwhile. */
const ENOUGH = 0.9;

/** Judges counts of a bridge's flows, one after the other. */
export class FlowCounts {
  private last = -1;
  private same = 0;

  /** @param steady how often in a row the same number means that no more come; 1 for flows that come all at once */
  constructor(
    private readonly before: number,
    private readonly steady: number,
  ) {}

  /** Takes the next count; returns whether all flows have come back. */
  take(count: number): boolean {
    this.same = count === this.last ? this.same + 1 : 1;
    this.last = count;
    return count >= this.before * ENOUGH && this.same >= this.steady;
  }
}
