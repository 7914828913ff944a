/** The part of every Kubernetes object that identifies it and its version. */
export interface KubeObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: Date | string;
  };
}

/** The longest name of an object (Kubernetes, "Object Names and IDs"). */
const MAX_NAME = 253;

/** Returns the key of an object: `NAMESPACE/NAME`, or `NAME` for an object without a namespace. */
export function keyOf({ metadata }: KubeObject): string {
  const name = metadata?.name ?? '';
  return metadata?.namespace === undefined ? name : `${metadata.namespace}/${name}`;
}

/** Returns whether `value` has a version, and an identity unless it is a bookmark. */
export function isKubeObject(value: unknown, isBookmark = false): value is KubeObject {
  if (!isRecord(value) || !isRecord(value.metadata)) return false;
  const { name, namespace, resourceVersion } = value.metadata;
  if (resourceVersion !== undefined && typeof resourceVersion !== 'string') return false;
  if (isBookmark) return resourceVersion !== undefined;
  return isName(name) && (namespace === undefined || isName(namespace));
}

/** The parts of an object that nothing here reads; they are most of a pod. */
const UNREAD = {
  metadata: ['managedFields'],
  spec: ['affinity', 'containers', 'ephemeralContainers', 'initContainers', 'tolerations', 'volumes'],
  status: [
    'containerStatuses',
    'ephemeralContainerStatuses',
    'images',
    'initContainerStatuses',
    'volumesInUse',
  ],
} as const;

/** Removes from an object what is never read, and returns it. */
export function trim<T extends KubeObject>(object: T): T {
  for (const [part, fields] of Object.entries(UNREAD)) {
    const value = (object as Readonly<Record<string, unknown>>)[part];
    if (!isRecord(value)) continue;
    for (const field of fields)
      if (value[field] !== undefined) (value as Record<string, unknown>)[field] = undefined;
  }
  return object;
}

/** Returns an estimate of the memory that an object takes, in bytes. */
export function weigh(object: unknown): number {
  let weight = 0;
  const left = [object];
  while (left.length > 0) {
    const value = left.pop();
    weight += 16;
    if (typeof value === 'string') weight += value.length;
    if (typeof value !== 'object' || value === null) continue;
    weight += 40;
    for (const one of Object.values(value)) left.push(one);
  }
  return weight;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME && !value.includes('/');
}
