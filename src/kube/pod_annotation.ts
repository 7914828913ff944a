import { type Cidr, formatCidr, parseCidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { type IpAddress, parseIp } from '../net/ip.js';
import { type MacAddress, parseMac } from '../net/mac.js';

/** The annotation with the network of a pod's interface: the watcher writes it, the CNI plugin reads it. */
export const ANNOTATION = 'ovn';

/** The network of a pod, with addresses of one or both families. */
export interface PodNetwork {
  readonly mac: MacAddress;
  readonly addresses: readonly Cidr[];
  /** The default gateway of each family that has one. */
  readonly gateways: readonly IpAddress[];
}

/** Returns the value of the annotation; several values of one key are separated by commas. */
export function formatAnnotation({ mac, addresses, gateways }: PodNetwork): string {
  return JSON.stringify({
    ip_address: addresses.map(formatCidr).join(','),
    mac_address: mac,
    gateway_ip: gateways.join(','),
  });
}

/**
 * Reads the value of the annotation, also in the original's form: `{'ip_address': u'10.1.2.3/24', …}`.
 * @throws ProductError `ERR_ANNOTATION`
 */
export function parseAnnotation(text: string): PodNetwork {
  const value = readObject(text);
  try {
    return {
      mac: parseMac(value.mac_address ?? ''),
      addresses: list(value.ip_address).map(parseCidr),
      gateways: list(value.gateway_ip).map(parseIp),
    };
  } catch (error) {
    throw new ProductError('ERR_ANNOTATION', `annotation ${ANNOTATION}`, { cause: error });
  }
}

function readObject(text: string): Readonly<Record<string, string | undefined>> {
  try {
    // The original wrote a Python dictionary: single quotes, and a `u` before Unicode text.
    return JSON.parse(text.includes("'") ? text.replaceAll(/(?:\bu)?'([^'"]*)'/g, '"$1"') : text);
  } catch (error) {
    throw new ProductError('ERR_ANNOTATION', `annotation ${ANNOTATION} is not JSON`, { cause: error });
  }
}

function list(text: string | undefined): string[] {
  const parts = (text ?? '').split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '');
}
