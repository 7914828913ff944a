import type { AddressOwner, ClusterOptions } from '../kube/command_line.js';
import type { ChannelName } from '../openflow/channels.js';

/** What the operator said on the command line about one bridge. */
export interface Intent {
  readonly bridge: string;
  readonly physicalInterface: string;
  /** `--demux`; `undefined` if the option is absent. */
  readonly demux: 'conntrack' | 'port-range' | undefined;
  /** `--external-address-owner` */
  readonly externalAddressOwner: AddressOwner;
}

/** The command line of the gateway helper. */
export interface HelperOptions extends Intent, ClusterOptions {
  /** `--flow-channel`: how flows reach the switch. */
  readonly channel: ChannelName;
  /** The remote of the local Open_vSwitch database. */
  readonly db: string;
  readonly timeoutMs: number;
}
