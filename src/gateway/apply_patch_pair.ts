import { GATEWAY_HELPER } from '../daemon/programs.js';
import { localPortName } from '../ovn/names.js';
import type { BridgeFacts } from '../switch/bridge_facts.js';
import type { LocalDatabase } from '../switch/connection.js';
import { NODE_NAME, readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { completePatchPair } from '../switch/patch_pair.js';

/**
 * Makes whatever the patch pair between `bridge` and OVN lacks; nothing on a bridge that `gateway-init` gave no node
 * name.
 * @throws ProductError if the local database does not take the transaction
 */
export async function applyPatchPair(db: LocalDatabase, bridge: BridgeFacts): Promise<void> {
  const node = bridge.externalIds.get(NODE_NAME);
  if (node === undefined) return;
  const txn = db.transaction(`${GATEWAY_HELPER}: make the patch ports`);
  const integration = integrationBridge(readSystemIds(db));
  const logicalPort = localPortName(bridge.name, node);
  completePatchPair(db, txn, { bridge: bridge.name, integration, logicalPort, isReady: true });
  await txn.commit();
}
