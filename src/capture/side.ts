import type { Side } from '../demux/classifier.js';
import type { GatewayState } from '../demux/state.js';
import { findBridge } from '../switch/bridges.js';
import { connectLocalDatabase } from '../switch/connection.js';

/** The name of the interface that is the NIC of the gateway's bridge; `undefined` while there is none. */
export async function findNic(
  state: GatewayState,
  db: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const client = await connectLocalDatabase(db, timeoutMs);
  try {
    const bridge = findBridge(client, state.bridge);
    const names = (bridge?.ports ?? [])
      .flatMap((port) => client.table('Port').get(port)?.interfaces ?? [])
      .flatMap((uuid) => client.table('Interface').get(uuid) ?? [])
      .filter(({ ofport }) => ofport !== undefined && ofport === state.phys)
      .map(({ name }) => name);
    return names[0];
  } finally {
    client.close();
  }
}

/** By which port of the gateway's bridge the frames of `device` enter it: the bridge's own name is its LOCAL port's. */
export async function sideOf(
  device: string,
  state: GatewayState,
  db: string,
  timeoutMs: number,
): Promise<Side> {
  if (device === state.bridge) return 'local';
  return (await findNic(state, db, timeoutMs)) === device ? 'phys' : 'other';
}
