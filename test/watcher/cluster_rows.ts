import { deleteBalancerGroup } from '../../src/ovn/load_balancers.js';
import type { Uuid } from '../../src/ovsdb/columns.js';
import type { FakeNorthbound } from './fake_northbound.js';

/** Inserts the cluster router and the group of the cluster's load balancers, as `master-init` does. */
export function addCluster(nb: FakeNorthbound): void {
  nb.insert('Logical_Router', { name: 'master', external_ids: new Map([['k8s-cluster-router', 'yes']]) });
  group(nb, 'k8s-cluster');
}

/** Inserts the switch of a node with its subnet 10.244.N.0/24 and its groups, as `minion-init` does. */
export function addNode(nb: FakeNorthbound, name: string, n: number): Uuid {
  return nb.insert('Logical_Switch', {
    name,
    load_balancer_group: [group(nb, 'k8s-cluster'), group(nb, `switch_${name}`)],
    external_ids: new Map([['gateway_ip', `10.244.${n}.1/24`]]),
  });
}

/** Inserts the gateway router of a node with the address 203.0.113.N and its group, as `gateway-init` does. */
export function addGateway(nb: FakeNorthbound, node: string, n: number, isFirst: boolean): Uuid {
  const router = `GR_${node}`;
  nb.insert('Logical_Router_Port', { name: `rtoj-${router}`, networks: [`100.64.1.${n}/24`] });
  return nb.insert('Logical_Router', {
    name: router,
    load_balancer_group: [group(nb, router)],
    options: new Map([['chassis', node]]),
    external_ids: new Map([
      ['physical_ip', `203.0.113.${n}`],
      ...(isFirst ? [['first_gateway', 'yes'] as const] : []),
    ]),
  });
}

/** Deletes the switch of a node, as `minion-deinit` does. */
export async function removeNode(nb: FakeNorthbound, name: string): Promise<void> {
  await remove(nb, 'Logical_Switch', name, `switch_${name}`);
}

/** Deletes the gateway router of a node, as `gateway-deinit` does. */
export async function removeGateway(nb: FakeNorthbound, node: string): Promise<void> {
  await remove(nb, 'Logical_Router', `GR_${node}`, `GR_${node}`);
}

/**
 * Takes the groups away and inserts the rows of ovn-kubernetes' overlay mode in place of them: one a protocol for all
 * node switches and for each gateway router. Returns them by `KEY=VALUE`.
 */
export function makeOriginal(nb: FakeNorthbound): ReadonlyMap<string, Uuid> {
  const made = new Map<string, Uuid>();
  const insert = (key: string, value: string) => {
    const uuid = nb.insert('Load_Balancer', { external_ids: new Map([[key, value]]) });
    made.set(`${key}=${value}`, uuid);
    return uuid;
  };
  const protocols = ['tcp', 'udp', 'sctp'];
  const cluster = protocols.map((protocol) => insert(`k8s-cluster-lb-${protocol}`, 'yes'));
  for (const { _uuid } of nb.filter('Logical_Switch', ({ external_ids }) => external_ids.has('gateway_ip')))
    nb.update('Logical_Switch', _uuid, { load_balancer: cluster, load_balancer_group: [] });
  for (const { _uuid, name } of nb.filter('Logical_Router', (row) => row.name.startsWith('GR_'))) {
    const own = protocols.map((one) => insert(`${one.toUpperCase()}_lb_gateway_router`, name));
    nb.update('Logical_Router', _uuid, { load_balancer: own, load_balancer_group: [] });
  }
  for (const uuid of nb.table('Load_Balancer_Group').keys()) nb.delete('Load_Balancer_Group', uuid);
  return made;
}

function group(nb: FakeNorthbound, name: string): Uuid {
  const found = nb.find('Load_Balancer_Group', (row) => row.name === name)?._uuid;
  return found ?? nb.insert('Load_Balancer_Group', { name });
}

async function remove(
  nb: FakeNorthbound,
  table: 'Logical_Switch' | 'Logical_Router',
  name: string,
  ofGroup: string,
): Promise<void> {
  const txn = nb.transaction('deinit');
  deleteBalancerGroup(nb, txn, ofGroup);
  for (const { _uuid } of nb.filter(table, (row) => row.name === name)) txn.delete(table, _uuid);
  await txn.commit();
}
