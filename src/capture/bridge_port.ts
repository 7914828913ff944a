import type { PortRole } from '../demux/port_role.js';
import type { GatewayState } from '../demux/state.js';
import { isInterfaceName } from '../net/interface_name.js';
import { findBridge } from '../switch/bridges.js';
import { connectLocalDatabase } from '../switch/connection.js';

/** Returns the name of the NIC of the gateway's bridge; `undefined` while the bridge has none. */
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
    return names.find(isInterfaceName);
  } finally {
    client.close();
  }
}

/**
 * Returns the role of the bridge's port by which frames of `device` enter the bridge. The bridge's own name belongs to
 * its LOCAL port.
 */
export async function findRole(
  device: string,
  state: GatewayState,
  db: string,
  timeoutMs: number,
): Promise<PortRole> {
  if (device === state.bridge) return 'local';
  return (await findNic(state, db, timeoutMs)) === device ? 'phys' : 'other';
}
