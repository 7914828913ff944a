import { type BridgeFacts, readBridge } from '../switch/bridge_facts.js';
import type { LocalDatabase } from '../switch/connection.js';

/** The tables of the local database that the helper follows. */
export const FOLLOWED_TABLES = ['Open_vSwitch', 'Bridge', 'Port', 'Interface'] as const;

/** The same for one that is asked for at each look: the very same answer until the database has changed. */
export function bridgeReader(db: LocalDatabase, name: string): () => BridgeFacts | undefined {
  let read: { readonly bridge: BridgeFacts | undefined } | undefined;
  db.onChange(() => {
    read = undefined;
  });
  return () => {
    read ??= { bridge: readBridge(db, name) };
    return read.bridge;
  };
}
