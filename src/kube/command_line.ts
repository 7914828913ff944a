import { type Command, Option } from 'commander';
import type { Cidr } from '../net/cidr.js';
import { readExternalIpCidrs } from './external_ip_cidrs.js';

/**
 * Who answers for services' external addresses: `first`, the cluster's first gateway, or `speaker`, another program such
 * as MetalLB, kube-vip, keepalived or a router that BGP tells. Then each gateway serves what arrives.
 */
export type AddressOwner = 'first' | 'speaker';

/** What a daemon's command line says of the API server and of services' external addresses. */
export interface ClusterOptions {
  /** `--kubeconfig`, which takes precedence over `external_ids`. */
  readonly kubeconfig: string | undefined;
  /** `--external-ip-cidrs`; `undefined` if the option is absent. */
  readonly allowed: readonly Cidr[] | undefined;
}

/** Adds the options of {@link ClusterOptions}. */
export function clusterOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'how to reach the API server (default: read external_ids)')
    .option('--external-ip-cidrs <list>', "networks of services' external addresses, or none (default: any)");
}

/** Adds `--external-address-owner`. */
export function ownerOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--external-address-owner <owner>',
      "who answers for services' external addresses: the first gateway, or a speaker such as MetalLB or keepalived",
    )
      .choices(['first', 'speaker'])
      .default('first'),
  );
}

/** Reads the options of {@link ClusterOptions}. @throws UsageError naming a network that cannot be read */
export function readClusterOptions(given: Readonly<Record<string, unknown>>): ClusterOptions {
  return {
    kubeconfig: given.kubeconfig === undefined ? undefined : String(given.kubeconfig),
    allowed: readExternalIpCidrs(given.externalIpCidrs),
  };
}

/** Reads `--external-address-owner`. */
export function readAddressOwner({ externalAddressOwner }: Readonly<Record<string, unknown>>): AddressOwner {
  return externalAddressOwner === 'speaker' ? 'speaker' : 'first';
}
