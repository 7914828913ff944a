import { type Cidr, formatCidr } from '../net/cidr.js';
import { ROUTER_MARK } from './routes.js';
import { type Wanted, wanted } from './rows.js';

/** Every higher priority is left to the policies of operators. 0 is OVN's own flow (ovn-northd(8), "IP Routing Policy"). */
const PRIORITY = 1;

/**
 * Returns the policies by which the cluster router drops packets to addresses of services. A node's switch translates
 * them before they reach the router. Without a load balancer they would leave the cluster by the default route: those to a
 * ClusterIP that no service has, and the answers of a pod that reached itself while its load balancer was replaced.
 *
 * A route to `discard` does not do: a src-ip route whose prefix is longer wins.
 */
export function servicePolicies(serviceSubnets: readonly Cidr[]): Wanted[] {
  return serviceSubnets.map((subnet) =>
    wanted('Logical_Router_Policy', {
      is: { priority: PRIORITY, match: `ip${subnet.family}.dst == ${formatCidr(subnet)}` },
      set: { action: 'drop' },
      pairs: { external_ids: ROUTER_MARK },
    }),
  );
}
