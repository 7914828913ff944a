import type { Cidr } from '../net/cidr.js';
import type { MacAddress } from '../net/mac.js';
import type { Ofport } from '../openflow/ofport.js';
import type { ServiceFacts } from './services.js';

/** An interface of the bridge. `uuid` and `ofport` together are the port: numbers are used again. */
export interface BridgePort {
  readonly uuid: string;
  readonly name: string;
  readonly type: string;
  readonly ofport: Ofport | undefined;
  readonly mac: MacAddress | undefined;
}

/** What the local database says of the gateway's bridge. */
export interface BridgeFacts {
  readonly uuid: string;
  readonly name: string;
  readonly ports: readonly BridgePort[];
  readonly externalIds: ReadonlyMap<string, string>;
}

/** An address that the kernel has on the bridge's LOCAL port. */
export interface LocalAddress extends Cidr {
  /** Not the one to be known by: an RFC 8981 temporary address, a deprecated or a tentative one. */
  readonly secondary: boolean;
}

/** What the helper has learnt of its host. */
export interface HostFacts {
  readonly bridge: BridgeFacts | undefined;
  readonly localAddresses: readonly LocalAddress[];
}

/** Everything the helper has learnt: what its sources write and its decisions read. */
export interface Facts extends HostFacts {
  readonly services: ServiceFacts;
}

/** What the operator said on the command line. */
export interface Intent {
  readonly bridge: string;
  readonly physicalInterface: string;
  readonly demux: 'conntrack' | 'port-range' | undefined;
}
