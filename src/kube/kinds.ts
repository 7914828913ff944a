// The fields that are kept of each kind of object. The types of the objects follow from these lists, so that code that
// reads another field does not compile. What the API server sends besides, which is most of a Pod, is dropped.
import { fields, flag, type Kept, list, number, text } from './shape.js';

/** The label of a slice that names its service (Kubernetes, "EndpointSlices", "Ownership"). */
export const SERVICE_LABEL = 'kubernetes.io/service-name';
/** The annotation of a static pod's mirror with the pod's UID, which kubelet passes to the CNI plugin. */
export const MIRROR = 'kubernetes.io/config.mirror';
/** The annotation with the network of a pod's interface, which the watcher writes for people and tools. */
export const ANNOTATION = 'ovn';

/** What is kept of every object. */
const identity = { name: text, namespace: text, resourceVersion: text };
const endpointPorts = list(fields({ name: text, port: number, protocol: text }));
const endpointAddresses = list(fields({ ip: text, nodeName: text }));

export const SERVICE = fields({
  metadata: fields({ ...identity, creationTimestamp: text }),
  spec: fields({
    clusterIP: text,
    clusterIPs: list(text),
    externalIPs: list(text),
    externalTrafficPolicy: text,
    ports: list(fields({ name: text, protocol: text, port: number, nodePort: number })),
    publishNotReadyAddresses: flag,
    sessionAffinity: text,
    sessionAffinityConfig: fields({ clientIP: fields({ timeoutSeconds: number }) }),
    type: text,
  }),
  status: fields({ loadBalancer: fields({ ingress: list(fields({ ip: text })) }) }),
});
export type Service = Kept<typeof SERVICE>;

export const POD = fields({
  metadata: fields({
    ...identity,
    uid: text,
    annotations: fields({ [ANNOTATION]: text, [MIRROR]: text }),
  }),
  spec: fields({ hostNetwork: flag, nodeName: text }),
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
  endpoints: list(fields({ addresses: list(text), conditions: fields({ ready: flag }), nodeName: text })),
  ports: endpointPorts,
});
export type Slice = Kept<typeof SLICE>;

export const NODE = fields({
  metadata: fields(identity),
  status: fields({ addresses: list(fields({ address: text })) }),
});
export type Node = Kept<typeof NODE>;
