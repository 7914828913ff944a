import type { Destination } from './desired_endpoints.js';
import type { ServiceGateway } from './state_gateways.js';

/**
 * The nodes where a policy `Local` of one service does not keep the client's address. The endpoints of a node without a
 * gateway would answer by the first gateway, which does not know the connection, so the node's host masquerades.
 */
export class MaskedClients {
  private readonly gateways: ReadonlySet<string>;
  private readonly nodes = new Set<string>();

  constructor(gateways: readonly Pick<ServiceGateway, 'node'>[]) {
    this.gateways = new Set(gateways.map(({ node }) => node));
  }

  /** Adds a node with its endpoints, if it masquerades for any. */
  add(node: string, endpoints: readonly Destination[]): void {
    if (endpoints.length > 0 && !this.gateways.has(node)) this.nodes.add(node);
  }

  /** Returns what the service does not get, at most one line. */
  get texts(): readonly string[] {
    const [first, ...others] = this.nodes;
    if (first === undefined) return [];
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return [
      `with externalTrafficPolicy Local, endpoints on nodes without a gateway (${first}${more}) see the node's address instead of the client's`,
    ];
  }
}
