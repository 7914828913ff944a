import type { ClusterOptions } from '../kube/command_line.js';
import { type Cidr, networkOf, parseCidr } from '../net/cidr.js';
import { explainError, UsageError } from '../net/errors.js';

/** The command line of the node's daemon. */
export interface NodeDaemonOptions extends ClusterOptions {
  /** The remote of the local Open_vSwitch database. */
  readonly db: string;
  readonly timeoutMs: number;
  /** `--node-name`, which takes precedence over `external_ids`. */
  readonly node: string | undefined;
  /** `--node-ports`: the nodes whose addresses answer node ports. */
  readonly nodePorts: 'all' | 'gateways';
  /** `--node-port-addresses`: the networks of the nodes' addresses that answer node ports; `undefined` for all. */
  readonly nodePortAddresses: readonly Cidr[] | undefined;
  /** `--external-address-owner=speaker`: a speaker may put external addresses on this host. */
  readonly hasSpeaker: boolean;
}

/** Reads the value of `--node-port-addresses`; `undefined` if it was not given. @throws UsageError */
export function readNodePortAddresses(value: unknown): readonly Cidr[] | undefined {
  if (value === undefined) return undefined;
  return String(value)
    .split(',')
    .map((part) => {
      try {
        return networkOf(parseCidr(part.trim()));
      } catch (error) {
        throw new UsageError(`--node-port-addresses: ${explainError(error)}`);
      }
    });
}
