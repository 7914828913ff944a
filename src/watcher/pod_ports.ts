import type { V1Pod } from '@kubernetes/client-node';
import type { PodNetwork } from '../kube/pod_annotation.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import { switchGateways } from '../ovn/gateways.js';
import { KEYS } from '../ovn/keys.js';
import { POD_MARK, podPortName, splitPodKey } from '../ovn/pods.js';
import { addressesColumn, portNetwork, wantedPort } from './pods.js';
import type { PortIndex } from './port_index.js';

/**
 * Adds to `txn` the ports that the pods of these keys lack, and takes those that they no longer need.
 * @returns one line for each pod that cannot have a port or whose annotation cannot be read, by its key
 */
export function reconcilePods(
  index: PortIndex,
  txn: NorthboundTransaction,
  keys: Iterable<string>,
  podOf: (key: string) => V1Pod | undefined,
): ReadonlyMap<string, string> {
  const given = new Set<string>();
  const take = (address: IpAddress | MacAddress) =>
    !index.isTaken(address) && !given.has(address) && given.add(address) !== undefined;
  const problems = new Map<string, string>();
  for (const key of keys) {
    const pod = podOf(key);
    const wanted = pod === undefined ? undefined : wantedPort(pod);
    if (wanted?.unreadable !== undefined)
      problems.set(key, `Pod ${key}: ${wanted.unreadable}; it is written anew`);
    const name = podPortName(...splitPodKey(key));
    const actual = index.port(name);
    if (actual !== undefined && !actual.external_ids.has(POD_MARK)) {
      problems.set(key, `Pod ${key}: Logical_Switch_Port ${name} is there and no pod's; rename one of them`);
      continue;
    }
    const owner = actual && index.switchOf(actual._uuid);
    if (actual !== undefined && owner !== undefined && owner.name !== wanted?.node)
      txn.mutate('Logical_Switch', owner._uuid, { ports: { delete: [actual._uuid] } });
    if (wanted === undefined || (actual !== undefined && owner?.name === wanted.node)) continue;
    const target = index.switchNamed(wanted.node);
    if (target === undefined) {
      problems.set(key, `Pod ${key}: node ${wanted.node} has no Logical_Switch; run minion-init there`);
      continue;
    }
    const gateways = switchGateways(target.external_ids.get(KEYS.gatewayIp));
    const addresses = addressesColumn(wanted.network, gateways, take);
    const port = txn.insert('Logical_Switch_Port', {
      name,
      addresses: [addresses],
      external_ids: new Map([
        [POD_MARK, 'true'],
        ['namespace', wanted.namespace],
      ]),
    });
    txn.mutate('Logical_Switch', target._uuid, { ports: { insert: [port] } });
  }
  return problems;
}

/** The network of the port of a pod; `undefined` while there is none, or OVN has given out no address. */
export function podNetwork(index: PortIndex, key: string): PodNetwork | undefined {
  const port = index.port(podPortName(...splitPodKey(key)));
  const owner = port && index.switchOf(port._uuid);
  if (port === undefined || owner === undefined) return undefined;
  return portNetwork(port, switchGateways(owner.external_ids.get(KEYS.gatewayIp)));
}
