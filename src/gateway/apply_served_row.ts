import { Memo } from '../daemon/memo.js';
import type { Problems } from '../daemon/problems.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import { type Clock, systemClock } from '../neighbour/clock.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { Keyed } from '../openflow/keyed.js';
import type { Northbound } from '../ovn/connection.js';
import { KEYS, servedAddress, servedKey } from '../ovn/keys.js';
import { gatewayRouterName } from '../ovn/names.js';
import type { Uuid } from '../ovsdb/columns.js';

export interface ServedRowOptions {
  readonly problems: Pick<Problems, 'set'>;
  /** Asks for a step. */
  readonly changed: () => void;
  readonly clock?: Clock;
}

/** Changes of the pairs of `external_ids`. */
interface Change {
  readonly set: Readonly<Record<string, string>>;
  readonly delete: readonly string[];
}

/** How long the database may take to answer, and how long a write that failed is not repeated, in milliseconds. */
const WRITE_MS = 5_000;

/**
 * Writes on the gateway router's row which external addresses this gateway serves. The watcher gives others no virtual
 * address: only the helper can ask the network whether a host has one. This is all that the helper writes there.
 */
export class ServedRow {
  private isWriting = false;
  /** Whether a step came during a write: what it wanted to write may be more. */
  private isAsked = false;
  private notBefore = 0;
  private readonly clock: Clock;
  private readonly differences = new Memo(difference);

  constructor(private readonly options: ServedRowOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /** Begins to write the row of gateway `node` if it differs; a row that does not exist is left to `gateway-init`. */
  write(nb: Northbound | undefined, node: string | undefined, served: Keyed<IpAddress>): void {
    this.isAsked ||= this.isWriting;
    if (this.isWriting || nb?.isConnected !== true || node === undefined) return;
    const wanted = gatewayRouterName(node);
    const row = nb.find('Logical_Router', ({ name }) => name === wanted);
    if (row === undefined) return;
    const change = this.differences.get(row.external_ids, served);
    if (change === undefined) {
      // The answer to a write may be lost, and the write be done.
      this.options.problems.set('served row', []);
      return;
    }
    if (this.clock.now() < this.notBefore) return;
    this.isWriting = true;
    void this.commit(nb, row._uuid, change);
  }

  private async commit(nb: Northbound, row: Uuid, change: Change): Promise<void> {
    const { problems, changed } = this.options;
    try {
      const txn = nb.transaction(GATEWAY_HELPER);
      txn.mutate('Logical_Router', row, { external_ids: change });
      await txn.commit({ timeoutMs: WRITE_MS });
      problems.set('served row', []);
    } catch (error) {
      this.notBefore = this.clock.now() + WRITE_MS;
      problems.set('served row', [
        `OVN is not told which external addresses are served, so new ones have no endpoints: ${explainError(error)}`,
      ]);
    } finally {
      this.isWriting = false;
      if (this.isAsked) changed();
      this.isAsked = false;
    }
  }
}

/** Returns the pairs that the row lacks and the keys that it has too many; `undefined` if there are none. */
function difference(externalIds: ReadonlyMap<string, string>, served: Keyed<IpAddress>): Change | undefined {
  const wanted = [KEYS.served, ...[...served].map(servedKey)];
  const missing = wanted.filter((key) => !externalIds.has(key));
  const gone = [...externalIds.keys()].filter((key) => {
    const address = servedAddress(key);
    return address !== undefined && served.get(address) === undefined;
  });
  if (missing.length + gone.length === 0) return undefined;
  return { set: Object.fromEntries(missing.map((key) => [key, 'yes'])), delete: gone };
}
