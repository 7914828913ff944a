import { type MacAddress, parseMac } from '../net/mac.js';
import { type Ofport, ofportOf } from '../openflow/ofport.js';
import type { RowOf } from '../ovsdb/columns.js';
import type { openVswitch } from '../ovsdb/tables/open_vswitch.js';
import type { LocalDatabase } from './connection.js';

/** An interface of a bridge. A port is known by `uuid` and `ofport` together: ovs-vswitchd reuses numbers. */
export interface BridgePort {
  readonly uuid: string;
  readonly name: string;
  readonly type: string;
  readonly ofport: Ofport | undefined;
  readonly mac: MacAddress | undefined;
}

/** A bridge and its interfaces, as the local database has them. */
export interface BridgeFacts {
  readonly uuid: string;
  readonly name: string;
  readonly ports: readonly BridgePort[];
  readonly externalIds: ReadonlyMap<string, string>;
}

/** Returns bridge `name` and its interfaces; `undefined` if there is no such bridge. */
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

function bridgePort(row: RowOf<typeof openVswitch, 'Interface'>): BridgePort {
  return {
    uuid: row._uuid,
    name: row.name,
    type: row.type,
    ofport: ofportOf(row.ofport),
    mac: row.mac_in_use === undefined ? undefined : macOf(row.mac_in_use),
  };
}

/** @returns `undefined` for an address of another kind, such as that of an InfiniBand interface */
function macOf(text: string): MacAddress | undefined {
  try {
    return parseMac(text);
  } catch {
    return undefined;
  }
}
