import type { LocalAddress } from '../../host/addresses.js';
import type { IpAddress } from '../../net/ip.js';
import type { PortRange } from '../../net/ports.js';
import type { FragmentMode } from '../../openflow/channel.js';
import type { InstalledFlow } from '../../openflow/flow.js';
import type { HostSocket } from '../../overlay/port_checks.js';
import type { BridgeFacts } from '../../switch/bridge_facts.js';
import type { Known } from '../known.js';

/** Everything that was found out of this host and its cluster, at one time: what the checks judge. */
export interface Facts {
  readonly now: Date;
  readonly local: Known<LocalSwitch>;
  readonly northbound: Known<Northbound>;
  readonly southbound: Known<Southbound>;
  /** `undefined` where no API server is configured. */
  readonly kubernetes: Known<'present' | 'absent' | 'not told'> | undefined;
  readonly links: Known<readonly LinkFacts[]>;
  readonly ports: Known<PortFacts>;
  readonly netfilter: Known<Netfilter>;
  /** By interface; those that carry the tunnels or a gateway. */
  readonly offloads: ReadonlyMap<string, Known<Offloads>>;
  readonly daemons: readonly DaemonFacts[];
  /** Whether `ovn-controller` has the southbound database, in its own words. */
  readonly controllerConnection: Known<string>;
  readonly logs: readonly LogFacts[];
  /** One a bridge that a gateway shares with this host. */
  readonly flows: readonly FlowFacts[];
  /** What the running gateway helper says of itself. */
  readonly helper: Known<HelperStatus>;
  /** Whether the other nodes' management ports answer. */
  readonly echoes: Known<readonly Echo[]>;
}

export interface LocalSwitch {
  readonly externalIds: ReadonlyMap<string, string>;
  readonly datapathTypes: readonly string[];
  readonly ifaceTypes: readonly string[];
  /** Whether ovs-vswitchd has done all that the database says. */
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
}

export interface Northbound {
  /** The nodes that have a port of their own on their switch. */
  readonly nodes: readonly ClusterNode[];
  readonly gateways: readonly GatewayNode[];
}

export interface ClusterNode {
  readonly name: string;
  /** Of its management port. */
  readonly addresses: readonly IpAddress[];
}

export interface GatewayNode {
  readonly node: string;
  readonly isShared: boolean;
  /** `options:gateway_mtu` of the port to the outside. */
  readonly outsideMtu: number | undefined;
}

export interface Southbound {
  readonly chassis: readonly ChassisFacts[];
  /** The chassis that has each node's management port: `k8s-NODE` to a chassis' name. */
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
  /** Tables of family netdev that drop what arrives on an interface, as the guard of `nics-to-bridge` does. */
  readonly ingressDrops: readonly string[];
  /** Chains that drop what arrives at the host unless a rule accepts it, with the ports that such rules name. */
  readonly closedChains: readonly { readonly name: string; readonly ports: readonly number[] }[];
}

export interface Offloads {
  readonly driver: string;
  /** The features that are on, as `ethtool -k` names them. */
  readonly on: ReadonlySet<string>;
}

export interface DaemonFacts {
  readonly program: string;
  /** Whether this host cannot do without it. */
  readonly isNeeded: boolean;
  readonly state: 'alive' | 'absent' | 'dead' | 'mute';
  /** How it was looked for, for the reader. */
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
    /** Those without our cookie, as the switch prints them. */
    readonly others: readonly InstalledFlow[];
    readonly fragments: FragmentMode;
    readonly noFlood: ReadonlySet<number>;
  }>;
}

export interface HelperStatus {
  readonly synced: boolean;
  readonly demux: 'conntrack' | 'port-range' | undefined;
  readonly problems: readonly string[];
}

export interface Echo {
  readonly node: string;
  readonly address: IpAddress;
  /** Milliseconds; `undefined` where nothing came back. */
  readonly rttMs: number | undefined;
}
