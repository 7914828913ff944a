/** The part of every Kubernetes object that identifies it and its version. */
export interface KubeObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
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

/** Returns an estimate of the memory that an object takes, in bytes. Its nesting is that of a shape, so it is bounded. */
export function weigh(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length;
  if (typeof value !== 'object' || value === null) return 16;
  let weight = 56;
  if (Array.isArray(value)) for (const one of value) weight += weigh(one);
  else for (const field in value) weight += weigh((value as Readonly<Record<string, unknown>>)[field]);
  return weight;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME && !value.includes('/');
}
