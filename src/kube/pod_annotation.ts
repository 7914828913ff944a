import { ProductError } from '../net/errors.js';
import { POD_KEYS, type PodNetwork, podNetworkPairs, readPodNetwork } from '../ovn/pods.js';

export type { PodNetwork } from '../ovn/pods.js';

/** The annotation with the network of a pod's interface: the watcher writes it, the CNI plugin reads it. */
export const ANNOTATION = 'ovn';

/** Returns the value of the annotation; several values of one key are separated by commas. */
export function formatAnnotation(network: PodNetwork): string {
  return JSON.stringify(Object.fromEntries(podNetworkPairs(network)));
}

/** Returns the annotation for a port with these `external_ids`; `undefined` if they do not have the pod's network. */
export function annotationOfPort(externalIds: ReadonlyMap<string, string>): string | undefined {
  const keys = [POD_KEYS.addresses, POD_KEYS.mac, POD_KEYS.gateways];
  const pairs = keys.map((key) => [key, externalIds.get(key)] as const);
  return pairs.some(([, value]) => value === undefined)
    ? undefined
    : JSON.stringify(Object.fromEntries(pairs));
}

/**
 * Reads the value of the annotation, also in the original's form: `{'ip_address': u'10.1.2.3/24', …}`.
 * @throws ProductError `ERR_ANNOTATION`
 */
export function parseAnnotation(text: string): PodNetwork {
  const network = readFields(readObject(text));
  if (network === undefined)
    throw new ProductError('ERR_ANNOTATION', `annotation ${ANNOTATION} has no MAC address`);
  return network;
}

function readFields(value: unknown): PodNetwork | undefined {
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  try {
    return readPodNetwork(new Map(fields.map(([key, one]) => [key, String(one)])));
  } catch (error) {
    const cause = error instanceof ProductError ? (error.cause ?? error) : error;
    throw new ProductError('ERR_ANNOTATION', `annotation ${ANNOTATION}`, { cause });
  }
}

function readObject(text: string): unknown {
  try {
    // The original wrote a Python dictionary: single quotes, and a `u` before Unicode text.
    return JSON.parse(text.includes("'") ? text.replaceAll(/(?:\bu)?'([^'"]*)'/g, '"$1"') : text);
  } catch (error) {
    throw new ProductError('ERR_ANNOTATION', `annotation ${ANNOTATION} is not JSON`, { cause: error });
  }
}
