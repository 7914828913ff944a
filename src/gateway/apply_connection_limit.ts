import type { Problems } from '../daemon/problems.js';
import { explainError } from '../net/errors.js';

export interface ConnectionLimitOptions {
  /** Runs a command of ovs-vswitchd (`dpctl/ct-get-limits`, ovs-dpctl(8)). */
  readonly ask: (command: string, ...args: readonly string[]) => Promise<string>;
  /** Returns how many connections the host's kernel tracks at most; `undefined` if it tracks none. */
  readonly mostOfHost: () => number | undefined;
  readonly problems: Pick<Problems, 'set'>;
}

/** The limit of a zone where the kernel tracks no connections, as with a datapath in userspace. */
const WITHOUT_HOST = 65_536;
/**
 * A new connection to a node port takes an entry in three zones: two of the gateway's router and the pod's. The host
 * keeps a quarter of the kernel's table whatever fills them.
 */
const SHARES = 4;
const OWNER = 'connection limit';

/**
 * Bounds the connections that Open vSwitch tracks in a zone. The datapath shares one table with the host's own firewall,
 * and without a bound a flood at a node port fills it: then the host drops new connections of its own, such as ssh. A
 * limit that an operator has set stays.
 */
export class ConnectionLimit {
  constructor(private readonly options: ConnectionLimitOptions) {}

  /**
   * Sets the datapath's default limit if there is none: a switch that started anew has none.
   * @returns what was changed, each for one log line
   */
  async reconcile(): Promise<readonly string[]> {
    const { ask, mostOfHost, problems } = this.options;
    try {
      const [, actual] = /default limit=(\d+)/.exec(await ask('dpctl/ct-get-limits')) ?? [];
      const limit = Math.floor((mostOfHost() ?? SHARES * WITHOUT_HOST) / SHARES);
      const isMissing = actual === '0';
      if (isMissing) await ask('dpctl/ct-set-limits', `default=${limit}`);
      problems.set(OWNER, []);
      return isMissing ? [`at most ${limit} tracked connections in a zone`] : [];
    } catch (error) {
      problems.set(OWNER, [
        `pods can fill the connection tracking of the host: the switch takes no limit (dpctl/ct-set-limits): ${explainError(error)}`,
      ]);
      return [];
    }
  }
}
