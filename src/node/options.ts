import type { Cidr } from '../net/cidr.js';

/** The command line of the node's daemon. */
export interface NodeDaemonOptions {
  /** The remote of the local Open_vSwitch database. */
  readonly db: string;
  readonly timeoutMs: number;
  /** `--kubeconfig`, which takes precedence over `external_ids`. */
  readonly kubeconfig: string | undefined;
  /** `--node-name`, which takes precedence over `external_ids`. */
  readonly node: string | undefined;
  /** `--node-ports`: the nodes whose addresses answer node ports. */
  readonly nodePorts: 'all' | 'gateways';
  /** `--external-address-owner=speaker`: a speaker may put external addresses on this host. */
  readonly hasSpeaker: boolean;
  /** `--external-ip-cidrs`; `undefined` if the option is absent. */
  readonly allowed: readonly Cidr[] | undefined;
}
