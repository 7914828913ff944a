import type { V1Pod } from '@kubernetes/client-node';
import type { PodNetwork } from '../kube/pod_annotation.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { NorthboundTransaction } from '../ovn/connection.js';
import { switchGateways } from '../ovn/gateways.js';
import { KEYS } from '../ovn/keys.js';
import { POD_MARK, podPortName, splitPodKey } from '../ovn/pods.js';
import { addressesColumn, portNetwork, wantedPort } from './desired_pod_port.js';
import type { PortIndex } from './state_ports.js';

/**
 * Adds to `txn` the insertion of ports that these pods lack, and the deletion of ports that they no longer need.
 * @returns by pod, why it cannot have a port or why its annotation cannot be read
 */
export function reconcilePods(
  index: PortIndex,
  txn: NorthboundTransaction,
  keys: Iterable<string>,
  podOf: (key: string) => V1Pod | undefined,
): ReadonlyMap<string, string> {
  const given = new Set<string>();
  const reserve = (address: IpAddress | MacAddress) => {
    if (index.isTaken(address) || given.has(address)) return false;
    given.add(address);
    return true;
  };
  const problems = new Map<string, string>();
  for (const key of keys) {
    const pod = podOf(key);
    const wanted = pod === undefined ? undefined : wantedPort(pod);
    if (wanted?.unreadable !== undefined)
      problems.set(key, `Pod ${key}: ${wanted.unreadable}; the watcher replaces it`);
    const name = podPortName(...splitPodKey(key));
    const actual = index.port(name);
    if (actual !== undefined && !actual.external_ids.has(POD_MARK)) {
      problems.set(
        key,
        `Pod ${key}: Logical_Switch_Port ${name} exists and belongs to no pod; rename one of them`,
      );
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
    const addresses = addressesColumn(wanted.network, gateways, reserve);
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

/** Returns the network of a pod's port; `undefined` if there is no port, or OVN has not allocated its address yet. */
export function podNetwork(index: PortIndex, key: string): PodNetwork | undefined {
  const port = index.port(podPortName(...splitPodKey(key)));
  const owner = port && index.switchOf(port._uuid);
  if (port === undefined || owner === undefined) return undefined;
  return portNetwork(port, switchGateways(owner.external_ids.get(KEYS.gatewayIp)));
}
