import { GATEWAY_HELPER } from '../daemon/programs.js';
import { localPortName } from '../ovn/names.js';
import type { BridgeFacts } from '../switch/bridge_facts.js';
import type { LocalDatabase } from '../switch/connection.js';
import { NODE_NAME, readSystemIds } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import { closePatchPair, completePatchPair } from '../switch/patch_pair.js';

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

/**
 * Takes the pair away from OVN, before the flows that classify OVN's traffic go.
 * @throws ProductError if the local database does not take the transaction
 */
export async function withdrawPatchPair(db: LocalDatabase, bridge: string, timeoutMs: number): Promise<void> {
  const txn = db.transaction(`${GATEWAY_HELPER}: take the patch ports from OVN`);
  closePatchPair(db, txn, { bridge, integration: integrationBridge(readSystemIds(db)) });
  await txn.commit({ timeoutMs });
}
