import { ProductError } from '../net/errors.js';
import { type PodNetwork, podNetworkPairs, readPodNetwork } from '../ovn/pods.js';

export type { PodNetwork } from '../ovn/pods.js';

/** The annotation with the network of a pod's interface: the watcher writes it, the CNI plugin reads it. */
export const ANNOTATION = 'ovn';

/** Returns the value of the annotation; several values of one key are separated by commas. */
export function formatAnnotation(network: PodNetwork): string {
  return JSON.stringify(Object.fromEntries(podNetworkPairs(network)));
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
