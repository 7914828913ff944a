/** The part of every Kubernetes object that identifies it and its version. */
export interface KubeObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: Date | string;
  };
}

/** Returns the key of an object: `NAMESPACE/NAME`, or `NAME` for an object without a namespace. */
export function keyOf({ metadata }: KubeObject): string {
  const name = metadata?.name ?? '';
  return metadata?.namespace === undefined ? name : `${metadata.namespace}/${name}`;
}
