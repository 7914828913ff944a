import type { Problems } from '../../daemon/problems.js';
import { aborted } from '../../daemon/sleep.js';
import type { Source } from '../../daemon/source.js';
import { type BridgeFacts, readBridge } from '../../switch/bridge_facts.js';
import type { LocalDatabase } from '../../switch/connection.js';
import { readSystemIds } from '../../switch/external_ids.js';
import { integrationBridge } from '../../switch/integration_bridge.js';
import { isPatchPairOpen } from '../../switch/patch_pair.js';

/** The tables of the local database that the helper monitors. */
export const MONITORED_TABLES = ['Open_vSwitch', 'Bridge', 'Port', 'Interface'] as const;

const AWAY =
  'the local Open_vSwitch database does not answer: its changes are not seen; is ovsdb-server running?';

/** The gateway's bridge and its ports, as the local database has them. */
export class BridgeSource implements Source {
  private current: BridgeFacts | undefined;

  constructor(
    private readonly db: LocalDatabase,
    private readonly name: string,
    private readonly changed: () => void,
    private readonly problems: Pick<Problems, 'set'>,
  ) {
    this.current = readBridge(db, name);
  }

  /** The bridge; the same object until the database changes; `undefined` if there is no such bridge. */
  get facts(): BridgeFacts | undefined {
    return this.current;
  }

  /** Whether OVN has the bridge's patch port: the helper gives it to OVN once the flows are in place. */
  get isOpen(): boolean {
    const integration = integrationBridge(readSystemIds(this.db));
    return isPatchPairOpen(this.db, { bridge: this.name, integration }) ?? false;
  }

  async run(signal: AbortSignal): Promise<void> {
    const read = () => {
      this.current = readBridge(this.db, this.name);
      this.changed();
    };
    const forget = [
      this.db.onChange(read),
      this.db.onState((state) => {
        if (!signal.aborted) this.problems.set('database', state === 'connected' ? [] : [AWAY]);
        read();
      }),
    ];
    read();
    await aborted(signal);
    for (const one of forget) one();
  }
}
