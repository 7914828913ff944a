// Manifests of Kubernetes objects, as an operator writes them for kubectl, in the namespace `default`.

export function podManifest(name: string, node: string, more: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', ...metadata },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'none' }], ...more },
  };
}

export function serviceManifest(name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec };
}

interface EndpointManifest {
  readonly ip: string;
  readonly node?: string;
  readonly isReady?: boolean;
}

/** Returns the Endpoints of a service. A controller would write them, but the lab runs none. */
export function endpointsManifest(
  name: string,
  port: { readonly name?: string; readonly port: number; readonly protocol?: string },
  endpoints: readonly EndpointManifest[],
): object {
  const addresses = (isReady: boolean) =>
    endpoints
      .filter((one) => (one.isReady ?? true) === isReady)
      .map(({ ip, node }) => ({ ip, ...(node && { nodeName: node }) }));
  const subset = { addresses: addresses(true), notReadyAddresses: addresses(false), ports: [port] };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace: 'default' },
    subsets: endpoints.length === 0 ? [] : [subset],
  };
}

/** Returns a Node as a kubelet registers it. */
export function nodeManifest(name: string, ...ips: readonly string[]): object {
  const addresses = [
    { type: 'Hostname', address: name },
    ...ips.map((address) => ({ type: 'InternalIP', address })),
  ];
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { addresses } };
}
