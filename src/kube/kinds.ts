// The fields that are kept of each kind of object. The types of the objects follow from these lists, so that code that
// reads another field does not compile. What the API server sends besides, which is most of a Pod, is dropped.
import { fields, flag, type Kept, list, number, text } from './shape.js';

/** The label of a slice that names its service (Kubernetes, "EndpointSlices", "Ownership"). */
export const SERVICE_LABEL = 'kubernetes.io/service-name';
/** The annotation of a static pod's mirror with the pod's UID, which kubelet passes to the CNI plugin. */
export const MIRROR = 'kubernetes.io/config.mirror';
/** The annotation with the network of a pod's interface, which the watcher writes for people and tools. */
export const ANNOTATION = 'ovn';
/** The label of a node with its zone (Kubernetes, "Well-Known Labels, Annotations and Taints"). */
export const ZONE_LABEL = 'topology.kubernetes.io/zone';

/** The label of a service that another proxy serves (Kubernetes, KEP-2447). */
export const PROXY_LABEL = 'service.kubernetes.io/service-proxy-name';
/** The label of a service that no proxy serves (Kubernetes, "Well-Known Labels, Annotations and Taints"). */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/** What is kept of every object. */
const identity = { name: text, namespace: text, resourceVersion: text };
const endpointPorts = list(fields({ name: text, port: number, protocol: text }));
const endpointAddresses = list(fields({ ip: text, nodeName: text }));
/** The names of the zones or nodes that should use an endpoint. */
const hintNames = list(fields({ name: text }));
/** The ports of containers that are ports of the host too. Other ports are documentation only. */
const hostPorts = list(
  fields({ containerPort: number, hostIP: text, hostPort: number, protocol: text }),
  // The API server writes no 0, but takes one.
  ({ hostPort = 0 }) => hostPort !== 0,
);

export const SERVICE = fields({
  metadata: fields({
    ...identity,
    creationTimestamp: text,
    labels: fields({ [HEADLESS_LABEL]: text, [PROXY_LABEL]: text }),
    uid: text,
  }),
  spec: fields({
    clusterIP: text,
    clusterIPs: list(text),
    externalIPs: list(text),
    externalTrafficPolicy: text,
    healthCheckNodePort: number,
    internalTrafficPolicy: text,
    loadBalancerSourceRanges: list(text),
    ports: list(fields({ name: text, protocol: text, port: number, nodePort: number })),
    publishNotReadyAddresses: flag,
    sessionAffinity: text,
    sessionAffinityConfig: fields({ clientIP: fields({ timeoutSeconds: number }) }),
    type: text,
  }),
  status: fields({ loadBalancer: fields({ ingress: list(fields({ ip: text, ipMode: text })) }) }),
});
export type Service = Kept<typeof SERVICE>;

export const POD = fields({
  metadata: fields({
    ...identity,
    creationTimestamp: text,
    uid: text,
    annotations: fields({ [ANNOTATION]: text, [MIRROR]: text }),
  }),
  spec: fields({
    containers: list(fields({ ports: hostPorts }), ({ ports = [] }) => ports.length > 0),
    hostNetwork: flag,
    // A container with the policy `Always` runs beside the others (Kubernetes, "Sidecar Containers").
    initContainers: list(
      fields({ ports: hostPorts, restartPolicy: text }),
      ({ ports = [], restartPolicy }) => ports.length > 0 && restartPolicy === 'Always',
    ),
    nodeName: text,
  }),
  status: fields({ phase: text, podIPs: list(fields({ ip: text })) }),
});
export type Pod = Kept<typeof POD>;

export const ENDPOINTS = fields({
  metadata: fields(identity),
  subsets: list(
    fields({ addresses: endpointAddresses, notReadyAddresses: endpointAddresses, ports: endpointPorts }),
  ),
});
export type Endpoints = Kept<typeof ENDPOINTS>;

export const SLICE = fields({
  metadata: fields({ ...identity, labels: fields({ [SERVICE_LABEL]: text }) }),
  addressType: text,
  endpoints: list(
    fields({
      addresses: list(text),
      conditions: fields({ ready: flag, serving: flag, terminating: flag }),
      hints: fields({ forNodes: hintNames, forZones: hintNames }),
      nodeName: text,
    }),
  ),
  ports: endpointPorts,
});
export type Slice = Kept<typeof SLICE>;

export const NODE = fields({
  metadata: fields({ ...identity, labels: fields({ [ZONE_LABEL]: text }) }),
  status: fields({ addresses: list(fields({ address: text })) }),
});
export type Node = Kept<typeof NODE>;
