import type { LocalAddress } from '../../host/addresses.js';
import type { HostSocket } from '../../host/sockets.js';
import type { Cidr } from '../../net/cidr.js';
import type { IpAddress } from '../../net/ip.js';
import type { PortRange } from '../../net/ports.js';
import type { FragmentMode } from '../../openflow/channel.js';
import type { InstalledFlow } from '../../openflow/flow.js';
import type { BridgeFacts } from '../../switch/bridge_facts.js';
import type { Known } from '../known.js';

/** Everything known about this host and its cluster at one time: the input of the checks. */
export interface Facts {
  readonly now: Date;
  readonly local: Known<LocalSwitch>;
  readonly northbound: Known<Northbound>;
  readonly southbound: Known<Southbound>;
  /** Whether the API server has this host's Node; `undefined` if no API server is configured. */
  readonly kubernetes: Known<'present' | 'absent' | 'unreadable'> | undefined;
  /** The services that the API server has; `undefined` if no API server is configured. */
  readonly services: Known<readonly ServiceIps[]> | undefined;
  readonly certificates: Certificates;
  readonly links: Known<readonly LinkFacts[]>;
  /** The destinations of the host's routes by the management port. */
  readonly routes: Known<readonly string[]>;
  readonly ports: Known<PortFacts>;
  readonly netfilter: Known<Netfilter>;
  /** Offloads of the bridges' NICs, by name. */
  readonly offloads: ReadonlyMap<string, Known<Offloads>>;
  readonly daemons: readonly DaemonFacts[];
  /** ovn-controller's answer to `connection-status`. */
  readonly controllerConnection: Known<string>;
  readonly logs: readonly LogFacts[];
  /** The flows of each bridge that a gateway shares with this host. */
  readonly flows: readonly FlowFacts[];
  /** The status of the running gateway helper. */
  readonly helper: Known<HelperStatus>;
  /** The answers of the other nodes' management ports. */
  readonly echoes: Known<readonly Echo[]>;
}

export interface LocalSwitch {
  readonly externalIds: ReadonlyMap<string, string>;
  /** The types of datapath that bridges can have. */
  readonly datapathTypes: readonly string[];
  readonly ifaceTypes: readonly string[];
  /** Whether ovs-vswitchd has applied all that the database says. */
  readonly isSettled: boolean;
  readonly bridges: readonly SwitchBridge[];
}

export interface SwitchBridge {
  readonly name: string;
  readonly datapath: string;
  readonly failMode: string | undefined;
  readonly externalIds: ReadonlyMap<string, string>;
  readonly interfaces: readonly SwitchInterface[];
}

export interface SwitchInterface {
  readonly name: string;
  readonly type: string;
  readonly ofport: number | undefined;
  readonly error: string | undefined;
  readonly options: ReadonlyMap<string, string>;
  readonly externalIds: ReadonlyMap<string, string>;
  /** The VLANs that its port carries; empty: all. */
  readonly trunks: readonly number[];
}

export interface Northbound {
  /** The nodes with a management port. */
  readonly nodes: readonly ClusterNode[];
  readonly gateways: readonly GatewayNode[];
  /** `--service-ip-subnet` of `master-init`. */
  readonly serviceSubnets: readonly Cidr[];
}

export interface ServiceIps {
  /** `NAMESPACE/NAME`. */
  readonly service: string;
  readonly clusterIps: readonly IpAddress[];
}

export interface ClusterNode {
  readonly name: string;
  /** The addresses of its management port. */
  readonly addresses: readonly IpAddress[];
}

export interface GatewayNode {
  readonly node: string;
  readonly isShared: boolean;
  /** `options:gateway_mtu` of the port to the external switch, in octets. */
  readonly outsideMtu: number | undefined;
  /** Whether its router translates clients to endpoints outside the cluster; an earlier `gateway-init` made no rule. */
  readonly servesOutside: boolean;
}

/**
 * For each database, whether this host's own certificate is of the CA that its servers must have; `undefined` without
 * certificates. Then the certificate of every other host is of that CA too.
 */
export interface Certificates {
  readonly northbound: boolean | undefined;
  readonly southbound: boolean | undefined;
}

export interface Southbound {
  readonly chassis: readonly ChassisFacts[];
  /** The chassis of each node's management port: from `k8s-NODE` to the chassis' name. */
  readonly bindings: ReadonlyMap<string, string | undefined>;
}

export interface ChassisFacts {
  readonly name: string;
  readonly hostname: string;
  /** The addresses of its tunnels. */
  readonly encapIps: readonly string[];
}

export interface LinkFacts {
  readonly name: string;
  readonly mtu: number;
  readonly isUp: boolean;
  readonly addresses: readonly IpAddress[];
}

export interface PortFacts {
  readonly ephemeral: PortRange;
  readonly reserved: readonly PortRange[];
  readonly sockets: readonly HostSocket[];
}

export interface Netfilter {
  /** Every table, as `FAMILY NAME`. */
  readonly tables: readonly string[];
  /** Tables of family netdev that drop an interface's received frames, as the guard of `nics-to-bridge` does. */
  readonly ingressDrops: readonly string[];
  /** Input chains whose policy is `drop`, with the ports that rules of their tables name. */
  readonly closedChains: readonly { readonly name: string; readonly ports: readonly number[] }[];
}

export interface Offloads {
  readonly driver: string;
  /** The features that are on, as `ethtool -k` names them. */
  readonly on: ReadonlySet<string>;
}

export interface DaemonFacts {
  readonly program: string;
  /** Whether this host needs the daemon. */
  readonly isNeeded: boolean;
  readonly state: 'alive' | 'absent' | 'dead' | 'mute';
  /** The evidence for `state`, for the operator. */
  readonly detail: string;
}

export interface LogFacts {
  readonly program: string;
  readonly path: string;
  /** The last lines of level ERR or EMER, oldest first. */
  readonly errors: Known<readonly LogError[]>;
}

export interface LogError {
  readonly at: Date;
  readonly text: string;
}

export interface FlowFacts {
  readonly bridge: BridgeFacts;
  readonly physicalInterface: string | undefined;
  readonly localAddresses: readonly LocalAddress[];
  readonly switch: Known<{
    readonly ours: readonly InstalledFlow[];
    /** The flows without the product's cookie. */
    readonly others: readonly InstalledFlow[];
    readonly fragments: FragmentMode;
    readonly noFlood: ReadonlySet<number>;
  }>;
}

export interface HelperStatus {
  readonly synced: boolean;
  readonly demux: 'conntrack' | 'port-range' | undefined;
  /** Whether the first gateway answers for services' external addresses, and not another host. */
  readonly answersServed: boolean;
  /** The limit on services' external addresses; `undefined` without one. */
  readonly externalIpCidrs: string | undefined;
  readonly problems: readonly string[];
}

export interface Echo {
  readonly node: string;
  readonly address: IpAddress;
  /** Round-trip time in milliseconds; `undefined` if no reply came. */
  readonly rttMs: number | undefined;
}
