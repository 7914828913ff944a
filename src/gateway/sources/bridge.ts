import { aborted } from '../../daemon/sleep.js';
import type { Source } from '../../daemon/source.js';
import { type BridgeFacts, readBridge } from '../../switch/bridge_facts.js';
import type { LocalDatabase } from '../../switch/connection.js';

/** The tables of the local database that the helper monitors. */
export const MONITORED_TABLES = ['Open_vSwitch', 'Bridge', 'Port', 'Interface'] as const;

/** The gateway's bridge and its ports, as the local database has them. */
export class BridgeSource implements Source {
  private current: BridgeFacts | undefined;

  constructor(
    private readonly db: LocalDatabase,
    private readonly name: string,
    private readonly changed: () => void,
  ) {
    this.current = readBridge(db, name);
  }

  /** The bridge; the same object until the database changes; `undefined` if there is no such bridge. */
  get facts(): BridgeFacts | undefined {
    return this.current;
  }

  async run(signal: AbortSignal): Promise<void> {
    const read = () => {
      this.current = readBridge(this.db, this.name);
      this.changed();
    };
    const forget = [this.db.onChange(read), this.db.onState(read)];
    read();
    await aborted(signal);
    for (const one of forget) one();
  }
}
