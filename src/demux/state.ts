import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { PortRange, Transport } from '../net/ports.js';
import type { Ofport } from '../openflow/ofport.js';

/** A port of the gateway's own addresses that belongs to a service. */
export interface NodePort {
  readonly protocol: Transport;
  readonly port: number;
}

/** How return traffic of pods is told from the host's own. */
export type Demux =
  | { readonly mode: 'conntrack' }
  | { readonly mode: 'port-range'; readonly range: PortRange };

/** What decides who gets a packet on the gateway's bridge, but for what services take of it. */
export interface GatewayFrame {
  readonly bridge: string;
  /** The MAC that host and gateway router share: the bridge's. */
  readonly mac: MacAddress;
  /** The NIC's port; `undefined` while the bridge does not have it. */
  readonly phys: Ofport | undefined;
  /** The port to OVN; `undefined` while the bridge does not have it. */
  readonly patch: Ofport | undefined;
  /** Whether the bridge has ports besides the NIC, LOCAL and the patch: then frames for all go through NORMAL. */
  readonly otherPorts: boolean;
  /** IP: the addresses that host and gateway router share, at most one a family. */
  readonly addresses: readonly IpAddress[];
  readonly demux: Demux;
}

/** All that decides who gets a packet on the gateway's bridge. */
export interface GatewayState extends GatewayFrame {
  /** External and ingress addresses that this gateway carries for services. */
  readonly served: Iterable<IpAddress>;
  /** Node ports of services, on every address of `addresses`. */
  readonly nodePorts: Iterable<NodePort>;
}
