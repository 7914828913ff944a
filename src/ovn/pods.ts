import type { RowOf } from '../ovsdb/columns.js';
import type { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';

/** MTU of pods' interfaces, in octets: 1500 less the Geneve headers, rounded down (as in ovn-kubernetes). */
export const POD_MTU = 1400;

/** Key of `external_ids` that marks a pod's logical switch port. */
export const POD_MARK = 'pod';

/** Returns the name of a pod's logical switch port, which is also the `iface-id` of its interface. */
export function podPortName(namespace: string, pod: string): string {
  return `${namespace}_${pod}`;
}

/** Returns the pod of a logical switch port as `NAMESPACE/NAME`; `undefined` if the port is not a pod's. */
export function podKeyOf({
  name,
  external_ids,
}: Pick<RowOf<typeof ovnNorthbound, 'Logical_Switch_Port'>, 'name' | 'external_ids'>): string | undefined {
  const namespace = external_ids.get('namespace');
  if (external_ids.get(POD_MARK) !== 'true' || namespace === undefined || !name.startsWith(`${namespace}_`))
    return undefined;
  return `${namespace}/${name.slice(namespace.length + 1)}`;
}

/** Splits `NAMESPACE/NAME`. */
export function splitPodKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}
