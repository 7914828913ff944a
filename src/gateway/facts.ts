import type { LocalAddress } from '../host/addresses.js';
import type { BridgeFacts } from '../switch/bridge_facts.js';
import type { ServiceFacts } from './services.js';

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
