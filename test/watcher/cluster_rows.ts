import type { Uuid } from '../../src/ovsdb/columns.js';
import type { FakeNorthbound } from './fake_northbound.js';

/** Inserts the cluster router and the shared load balancers, as `master-init` does; returns their uuids by key. */
export function addCluster(nb: FakeNorthbound): ReadonlyMap<string, Uuid> {
  nb.insert('Logical_Router', { name: 'master', external_ids: new Map([['k8s-cluster-router', 'yes']]) });
  const keys = ['tcp', 'udp', 'sctp'].map((protocol) => `k8s-cluster-lb-${protocol}`);
  return new Map(
    keys.map((key) => [key, nb.insert('Load_Balancer', { external_ids: new Map([[key, 'yes']]) })]),
  );
}

/** Inserts the switch of a node with its subnet 10.244.N.0/24, as `minion-init` does. */
export function addNode(nb: FakeNorthbound, name: string, n: number, balancers: Iterable<Uuid> = []): Uuid {
  return nb.insert('Logical_Switch', {
    name,
    load_balancer: [...balancers],
    external_ids: new Map([['gateway_ip', `10.244.${n}.1/24`]]),
  });
}

/** Inserts the gateway router of a node with the address 203.0.113.N, as `gateway-init` does. */
export function addGateway(nb: FakeNorthbound, node: string, n: number, isFirst: boolean): Uuid {
  const router = `GR_${node}`;
  const shared = ['TCP', 'UDP', 'SCTP'].map((protocol) =>
    nb.insert('Load_Balancer', { external_ids: new Map([[`${protocol}_lb_gateway_router`, router]]) }),
  );
  nb.insert('Logical_Router_Port', { name: `rtoj-${router}`, networks: [`100.64.1.${n}/24`] });
  return nb.insert('Logical_Router', {
    name: router,
    load_balancer: shared,
    options: new Map([['chassis', node]]),
    external_ids: new Map([
      ['physical_ip', `203.0.113.${n}`],
      ...(isFirst ? [['first_gateway', 'yes'] as const] : []),
    ]),
  });
}
