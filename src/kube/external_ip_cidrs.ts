import { type Cidr, formatCidr, networkOf, parseCidr } from '../net/cidr.js';
import { explainError, UsageError } from '../net/errors.js';

/** Key of the Open_vSwitch row's `external_ids`: the networks whose addresses services may have. */
export const EXTERNAL_IP_CIDRS = 'k8s-external-ip-cidrs';

/** The limit on services' external addresses. */
export interface ExternalIpCidrs {
  /** `undefined` for no limit. */
  readonly allowed: readonly Cidr[] | undefined;
  /** Why the setting cannot be used; no address is served then. */
  readonly problem?: string;
}

/**
 * Parses `none`, or a list `NETWORK/PREFIX,…`.
 * @throws UsageError naming the part that is not a network
 */
export function parseExternalIpCidrs(text: string): readonly Cidr[] {
  if (text.trim() === 'none') return [];
  return text.split(',').map((part) => {
    try {
      return networkOf(parseCidr(part));
    } catch (error) {
      throw new UsageError(`external-ip-cidrs: ${explainError(error)}; or give none`);
    }
  });
}

/** Returns the text of a limit, as {@link parseExternalIpCidrs} takes it. */
export function formatExternalIpCidrs(allowed: readonly Cidr[]): string {
  return allowed.map(formatCidr).join(',') || 'none';
}

/** Reads the value of `--external-ip-cidrs`; `undefined` if it was not given. @throws UsageError */
export function readExternalIpCidrs(value: unknown): readonly Cidr[] | undefined {
  return value === undefined ? undefined : parseExternalIpCidrs(String(value));
}

/** Returns the limit: the option's if it was given, else the setting's. A setting that is invalid allows nothing. */
export function externalIpCidrs(
  option: readonly Cidr[] | undefined,
  setting: string | undefined,
): ExternalIpCidrs {
  if (option !== undefined || setting === undefined) return { allowed: option };
  try {
    return { allowed: parseExternalIpCidrs(setting) };
  } catch (error) {
    const why = `external_ids:${EXTERNAL_IP_CIDRS}: ${explainError(error)}; no external address is served`;
    return { allowed: [], problem: why };
  }
}
