import type { Transport } from '../net/ports.js';
import { CLUSTER_BALANCERS, gatewayRouterName, nodeBalancersName } from '../ovn/names.js';

/** Where the virtual addresses of a load balancer are: on all node switches, one gateway's router, one node's switch. */
export type Scope = 'cluster' | { readonly gateway: string } | { readonly node: string };

/**
 * The load balancer that has a virtual address: one row of the database. A virtual address must not be in the scope
 * `cluster` and in that of a node at once, as both are on that node's switch.
 */
export interface Balancer {
  readonly scope: Scope;
  readonly protocol: Transport;
  /** `NAMESPACE/NAME`. */
  readonly service: string;
  /** Options of the row (ovn-nb(5), Load_Balancer), which concern all its virtual addresses. */
  readonly options: Readonly<Record<string, string>>;
  /** The field of a packet that alone decides its destination, so that a client keeps one; absent without affinity. */
  readonly hashBy?: HashField;
}

/** A value of `selection_fields` (ovn-nb(5), Load_Balancer). */
export type HashField = 'ip_src' | 'ipv6_src' | 'eth_src';

/** One virtual address of one load balancer. */
export interface VipId {
  readonly balancer: Balancer;
  /** `IP:PORT`, or `[IP]:PORT` (ovn-nb(5), Load_Balancer). */
  readonly vip: string;
}

/** A virtual address and its destinations. */
export interface Vip extends VipId {
  /** As `vip`, separated by commas; empty if no endpoint is ready: OVN drops such traffic. */
  readonly targets: string;
  /** Whether the port is a node port, which Kubernetes gave to this service alone. */
  readonly isNodePort?: boolean;
}

/** Returns the name of the `Load_Balancer_Group` that the rows of a scope are in. */
export function groupName(scope: Scope): string {
  if (scope === 'cluster') return CLUSTER_BALANCERS;
  return 'gateway' in scope ? gatewayRouterName(scope.gateway) : nodeBalancersName(scope.node);
}

/** Returns the name of a load balancer's row, for people: two rows of a service can have the same. */
export function balancerName({ scope, protocol, service }: Balancer): string {
  const where = scope === 'cluster' ? scope : groupName(scope);
  return `Service_${service}_${protocol.toUpperCase()}_${where}`;
}

/** Returns the text by which a row names its load balancer; equal load balancers have equal texts. */
export function balancerText({ scope, protocol, service, options, hashBy }: Balancer): string {
  const plain = [scopeText(scope), protocol, service, Object.entries(options).sort()];
  return JSON.stringify(hashBy === undefined ? plain : [...plain, hashBy]);
}

/** Returns whether two load balancers are one row: their texts are equal, which are not made for it. */
export function isSameBalancer(one: Balancer, other: Balancer): boolean {
  if (one === other) return true;
  return (
    one.service === other.service &&
    one.protocol === other.protocol &&
    one.hashBy === other.hashBy &&
    isSameScope(one.scope, other.scope) &&
    isSameOptions(one.options, other.options)
  );
}

/** Returns the text of what only one service can have: an address, a port and a protocol in one scope. */
export function vipText({ balancer: { scope, protocol }, vip }: VipId): string {
  return `${scope === 'cluster' ? '' : groupName(scope)} ${protocol} ${vip}`;
}

function isSameScope(one: Scope, other: Scope): boolean {
  if (one === 'cluster' || other === 'cluster') return one === other;
  if ('gateway' in one) return 'gateway' in other && one.gateway === other.gateway;
  return 'node' in other && one.node === other.node;
}

function isSameOptions(one: Balancer['options'], other: Balancer['options']): boolean {
  if (one === other) return true;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** A gateway is a text as in rows of earlier versions, which had no scope of a node. */
function scopeText(scope: Scope): string | { readonly node: string } {
  if (scope === 'cluster') return '';
  return 'gateway' in scope ? scope.gateway : { node: scope.node };
}
