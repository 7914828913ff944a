import type { Cidr } from '../net/cidr.js';
import type { IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { PortRange, Transport } from '../net/ports.js';
import type { Ofport } from '../openflow/ofport.js';

/** A port of the gateway's own addresses that belongs to a service or to a pod. */
export interface NodePort {
  readonly protocol: Transport;
  readonly port: number;
  /** The only addresses that have it; by default each of `addresses`. */
  readonly at?: readonly IpAddress[];
  /** The only clients that reach it; by default all. A family without a range has none. */
  readonly sources?: readonly Cidr[];
}

/** A port of a served address that only some clients reach. */
export interface RestrictedPort {
  readonly address: IpAddress;
  readonly protocol: Transport;
  readonly port: number;
  readonly sources: readonly Cidr[];
}

/** How the gateway tells return traffic of pods from the host's own. */
export type Demux =
  | { readonly mode: 'conntrack' }
  | { readonly mode: 'port-range'; readonly range: PortRange };

/** The part of a gateway's state that does not depend on services. */
export interface BridgeState {
  readonly bridge: string;
  /** The MAC that host and gateway router share: the bridge's. */
  readonly mac: MacAddress;
  /** The NIC's port; `undefined` while the bridge lacks it. */
  readonly phys: Ofport | undefined;
  /** The port to OVN; `undefined` while the bridge lacks it. */
  readonly patch: Ofport | undefined;
  /** Whether the bridge has ports besides the NIC, LOCAL and the patch port: then NORMAL floods broadcasts. */
  readonly otherPorts: boolean;
  /** IP: the addresses that host and gateway router share, at most one of each family. */
  readonly addresses: readonly IpAddress[];
  /** Whether this gateway answers ARP and neighbour discovery for served addresses; if not, another host does. */
  readonly answersServed: boolean;
  readonly demux: Demux;
}

/** The state of a gateway: everything that decides who receives a packet on its bridge. */
export interface GatewayState extends BridgeState {
  /** External and ingress addresses that this gateway carries for services. */
  readonly served: Iterable<IpAddress>;
  /** Ports of members of `served`. */
  readonly restricted: Iterable<RestrictedPort>;
  /** Node ports of services, and host ports of pods. */
  readonly nodePorts: Iterable<NodePort>;
}
