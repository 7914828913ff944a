import { type MacAddress, parseMac } from '../net/mac.js';
import { ofportOf } from '../openflow/ofport.js';
import type { Client } from '../ovsdb/client.js';
import type { RowOf } from '../ovsdb/columns.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { BridgeFacts, BridgePort } from './facts.js';

export type LocalDatabase = Client<typeof openVswitch>;

/** The tables of the local database that the helper follows. */
export const FOLLOWED_TABLES = ['Open_vSwitch', 'Bridge', 'Port', 'Interface'] as const;

/** What the local database says of bridge `name` now; `undefined` when there is none. */
export function readBridge(db: LocalDatabase, name: string): BridgeFacts | undefined {
  const bridge = db.find('Bridge', (row) => row.name === name);
  if (bridge === undefined) return undefined;
  return {
    uuid: bridge._uuid,
    name,
    externalIds: bridge.external_ids,
    ports: bridge.ports.flatMap((port) =>
      (db.table('Port').get(port)?.interfaces ?? []).flatMap((uuid) => {
        const row = db.table('Interface').get(uuid);
        return row === undefined ? [] : [bridgePort(row)];
      }),
    ),
  };
}

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

/** `external_ids` of the switch: where OVN and Kubernetes are (ovn-controller(8), "CONFIGURATION"). */
export function readSystemIds(db: LocalDatabase): ReadonlyMap<string, string> {
  return [...db.table('Open_vSwitch').values()][0]?.external_ids ?? new Map();
}

function bridgePort(row: RowOf<typeof openVswitch, 'Interface'>): BridgePort {
  return {
    uuid: row._uuid,
    name: row.name,
    type: row.type,
    ofport: ofportOf(row.ofport),
    mac: readMac(row.mac_in_use),
  };
}

function readMac(text: string | undefined): MacAddress | undefined {
  return text === undefined ? undefined : parseMac(text);
}
