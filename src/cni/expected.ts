import type { IpAddress } from '../net/ip.js';
import { CniError, CODES } from './errors.js';
import type { InsideState } from './pod_interface.js';
import type { Attachment } from './request.js';

/** What a pod's interface must have. */
export interface Expected {
  readonly mac: string;
  /** Such as `10.244.1.5/24`. */
  readonly addresses: readonly string[];
  readonly gateways: readonly (IpAddress | string)[];
}

/** Returns the differences between a pod's interface and what it must have, a few words each. */
export function disagreements(expected: Expected, actual: InsideState): string[] {
  const missing = (what: string, wanted: readonly string[], have: readonly string[]) =>
    wanted.filter((one) => !have.includes(one)).map((one) => `${what} ${one} is missing`);
  return [
    ...(actual.isUp ? [] : ['it is down']),
    ...(actual.mac === expected.mac ? [] : [`its MAC is ${actual.mac}, not ${expected.mac}`]),
    ...missing('address', expected.addresses, actual.addresses),
    ...missing('the default route via', expected.gateways, actual.gateways),
  ];
}

/**
 * Reads the result of ADD, which the runtime passes to CHECK as `prevResult`.
 * @throws CniError if it is missing or does not have this interface
 */
export function readPrevResult(
  value: unknown,
  { ifName, netns }: Pick<Attachment, 'ifName' | 'netns'>,
): Expected {
  const { interfaces, ips } = fieldsOf(value);
  const list = Array.isArray(interfaces) ? interfaces.map(fieldsOf) : [];
  const index = list.findIndex(({ name, sandbox }) => name === ifName && sandbox === netns);
  const own = list[index];
  if (own === undefined)
    throw new CniError(CODES.invalidConfiguration, `prevResult does not have ${ifName} in ${netns}`);
  const addresses = (Array.isArray(ips) ? ips.map(fieldsOf) : []).filter((one) => one.interface === index);
  return {
    mac: textOf(own.mac) ?? '',
    addresses: addresses.map(({ address }) => textOf(address) ?? ''),
    gateways: addresses.flatMap(({ gateway }) => textOf(gateway) ?? []),
  };
}

/** An object of JSON can have a member `toString` that is no function, so only strings are converted. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
