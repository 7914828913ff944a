import { parseCidr } from '../net/cidr.js';
import { explainError } from '../net/errors.js';
import type { NorthboundView } from '../ovn/connection.js';
import { readNodeSubnets, readServiceSubnets } from '../ovn/gateways.js';
import type { ManagementPort } from '../ovn/management_port.js';
import { managementInterfaceName } from '../ovn/names.js';
import { list, readRow } from '../ovn/read_row.js';
import { CLUSTER_SUBNETS, NODE_NAME } from '../switch/external_ids.js';

/** The node that this host is. */
export interface NodeState extends ManagementPort {
  readonly node: string;
  /** The interface `k8s-NODE`. */
  readonly device: string;
}

export interface NodeFacts {
  /** `--node-name`. */
  readonly name: string | undefined;
  readonly systemIds: ReadonlyMap<string, string>;
  /** The northbound database; `undefined` until it was read once. */
  readonly nb: NorthboundView | undefined;
}

/** A node, or what is missing. A node that is not known yet, without a problem, is awaited. */
export interface ReadNode {
  readonly state?: NodeState;
  readonly problems: readonly string[];
}

/** Reads which node this host is: its name and the pods' subnets from the local switch, the rest from OVN. */
export function readNodeState({ name, systemIds, nb }: NodeFacts): ReadNode {
  const node = name ?? systemIds.get(NODE_NAME);
  const pods = systemIds.get(CLUSTER_SUBNETS);
  if (node === undefined || pods === undefined) {
    const key = node === undefined ? NODE_NAME : CLUSTER_SUBNETS;
    return { problems: [`external_ids:${key} is not set; run ovn-k8s-overlay minion-init`] };
  }
  if (nb === undefined) return { problems: [] };
  try {
    const subnets = readNodeSubnets(nb, node);
    if (subnets.length === 0)
      return { problems: [`OVN has no switch ${node}; run ovn-k8s-overlay minion-init`] };
    const clusterSubnets = readRow(
      'Open_vSwitch .',
      `external_ids:${CLUSTER_SUBNETS}`,
      list(pods),
      parseCidr,
    );
    const serviceSubnets = readServiceSubnets(nb);
    const device = managementInterfaceName(node);
    return { state: { node, device, subnets, clusterSubnets, serviceSubnets }, problems: [] };
  } catch (error) {
    return { problems: [explainError(error)] };
  }
}
