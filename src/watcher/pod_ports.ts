import type { V1Pod } from '@kubernetes/client-node';
import type { PodNetwork } from '../kube/pod_annotation.js';
import type { IpAddress } from '../net/ip.js';
import { KEYS } from '../overlay/names.js';
import type { NorthboundTransaction, NorthboundView } from '../overlay/rows.js';
import type { RowOf, Uuid } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { addressesColumn, POD_MARK, podPortName, portNetwork, switchGateways, wantedPort } from './pods.js';

type Port = RowOf<typeof ovnNorthbound, 'Logical_Switch_Port'>;
type Switch = RowOf<typeof ovnNorthbound, 'Logical_Switch'>;

/**
 * Adds to `txn` the ports that the pods of these keys lack, and takes those that they no longer need.
 * @returns one line for each pod that cannot have a port, by its key
 */
export function reconcilePods(
  db: NorthboundView,
  txn: NorthboundTransaction,
  keys: Iterable<string>,
  podOf: (key: string) => V1Pod | undefined,
): ReadonlyMap<string, string> {
  const index = new PortIndex(db);
  const problems = new Map<string, string>();
  for (const key of keys) {
    const pod = podOf(key);
    const wanted = pod === undefined ? undefined : wantedPort(pod);
    const name = podPortName(...splitKey(key));
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
    const addresses = addressesColumn(wanted.network, (ip) => index.take(ip));
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

/** The key of the pod that a logical port is of; `undefined` for a port that is no pod's. */
export function podKeyOf({ name, external_ids }: Pick<Port, 'name' | 'external_ids'>): string | undefined {
  const namespace = external_ids.get('namespace');
  if (external_ids.get(POD_MARK) !== 'true' || namespace === undefined || !name.startsWith(`${namespace}_`))
    return undefined;
  return `${namespace}/${name.slice(namespace.length + 1)}`;
}

/** The networks of ports, looked up by the key of the pod. */
export function podNetworks(db: NorthboundView): (key: string) => PodNetwork | undefined {
  const index = new PortIndex(db);
  return (key) => {
    const port = index.port(podPortName(...splitKey(key)));
    const owner = port && index.switchOf(port._uuid);
    if (port === undefined || owner === undefined) return undefined;
    return portNetwork(port, switchGateways(owner.external_ids.get(KEYS.gatewayIp)));
  };
}

function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

/** Ports and switches by what they are asked for, made once for many pods. */
class PortIndex {
  private readonly ports: ReadonlyMap<string, Port>;
  private readonly switches: ReadonlyMap<string, Switch>;
  private owners: ReadonlyMap<Uuid, Switch> | undefined;
  private taken: Set<string> | undefined;

  constructor(db: NorthboundView) {
    this.ports = new Map([...db.table('Logical_Switch_Port').values()].map((row) => [row.name, row]));
    this.switches = new Map([...db.table('Logical_Switch').values()].map((row) => [row.name, row]));
  }

  port(name: string): Port | undefined {
    return this.ports.get(name);
  }

  switchNamed(name: string): Switch | undefined {
    return this.switches.get(name);
  }

  switchOf(port: Uuid): Switch | undefined {
    this.owners ??= new Map(
      [...this.switches.values()].flatMap((row) => row.ports.map((uuid) => [uuid, row] as const)),
    );
    return this.owners.get(port);
  }

  /** Whether no port has the address; from then on one has. */
  take(ip: IpAddress): boolean {
    this.taken ??= new Set(
      [...this.ports.values()].flatMap(({ addresses, dynamic_addresses }) =>
        [...addresses, dynamic_addresses ?? ''].flatMap((text) => text.split(/\s+/)),
      ),
    );
    if (this.taken.has(ip)) return false;
    this.taken.add(ip);
    return true;
  }
}
