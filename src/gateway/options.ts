import type { Cidr } from '../net/cidr.js';
import type { ChannelName } from '../openflow/channels.js';

/**
 * Who answers for services' external addresses: `first`, the cluster's first gateway, or `speaker`, another program such
 * as MetalLB, kube-vip, keepalived or a router that BGP tells. Then each gateway serves what arrives.
 */
export type AddressOwner = 'first' | 'speaker';

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
export interface HelperOptions extends Intent {
  /** `--flow-channel`: how flows reach the switch. */
  readonly channel: ChannelName;
  /** The remote of the local Open_vSwitch database. */
  readonly db: string;
  readonly timeoutMs: number;
  /** `--kubeconfig`, which takes precedence over `external_ids`. */
  readonly kubeconfig: string | undefined;
  /** `--external-ip-cidrs`; `undefined` if the option is absent. */
  readonly allowed: readonly Cidr[] | undefined;
}
