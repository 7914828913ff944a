import { runIp } from '../host/iproute_write.js';
import { removeNftTable } from '../host/nft.js';
import { readPolicyRules } from '../host/policy_rules.js';
import { NODE_TABLE } from '../ovn/names.js';
import { removeWayBackCommands } from '../ovn/way_back.js';

/**
 * Removes what `ovn-k8s-node` has left in the kernel: its nft table and its policy rules. Its routes went with the
 * management port.
 * @throws ProductError `ERR_NFT`, `ERR_IP`
 */
export async function forgetNode(): Promise<void> {
  await removeNftTable(NODE_TABLE.family, NODE_TABLE.name);
  for (const command of removeWayBackCommands(await readPolicyRules())) await runIp(...command);
}
