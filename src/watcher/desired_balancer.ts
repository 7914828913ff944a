import { TRANSPORTS, type Transport } from '../net/ports.js';

/** The load balancer that has a virtual address. */
export interface Balancer {
  /** All node switches, or the router of one gateway. */
  readonly scope: 'cluster' | { readonly gateway: string };
  readonly protocol: Transport;
  /** `NAMESPACE/NAME` of a service whose policy needs a row of its own; absent for the row that services share. */
  readonly service?: string;
  readonly options?: Readonly<Record<string, string>>;
}

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

/** Returns the text by which a row names its load balancer; equal load balancers have equal texts. */
export function balancerText({ scope, protocol, service = '', options = {} }: Balancer): string {
  return JSON.stringify([
    scope === 'cluster' ? '' : scope.gateway,
    protocol,
    service,
    Object.entries(options).sort(),
  ]);
}

/** Reads the scope and the protocol of a {@link balancerText}; `undefined` for any other text. */
export function parseBalancerText(text: string): Pick<Balancer, 'scope' | 'protocol'> | undefined {
  const [gateway, protocol] = readList(text);
  const transport = TRANSPORTS.find((one) => one === protocol);
  if (typeof gateway !== 'string' || transport === undefined) return undefined;
  return { scope: gateway === '' ? 'cluster' : { gateway }, protocol: transport };
}

/** Returns the text of what only one service can have: an address, a port and a protocol in one scope. */
export function vipText({ balancer: { scope, protocol }, vip }: VipId): string {
  return `${scope === 'cluster' ? '' : scope.gateway} ${protocol} ${vip}`;
}

function readList(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
