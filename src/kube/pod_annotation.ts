import { POD_KEYS } from '../ovn/pods.js';

/** Returns the annotation for a port with these `external_ids`; `undefined` if they do not have the pod's network. */
export function annotationOfPort(externalIds: ReadonlyMap<string, string>): string | undefined {
  const keys = [POD_KEYS.addresses, POD_KEYS.mac, POD_KEYS.gateways];
  const pairs = keys.map((key) => [key, externalIds.get(key)] as const);
  return pairs.some(([, value]) => value === undefined)
    ? undefined
    : JSON.stringify(Object.fromEntries(pairs));
}
