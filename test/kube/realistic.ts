// Objects as an API server sends them, with all that controllers, kubectl and kubelet write into them.

const TIME = '2026-01-01T00:00:00Z';
const uid = (i: number) => `8f1c2d3e-4b5a-4c6d-9e8f-${String(i).padStart(12, '0')}`;
const ip = (net: number, i: number) => `10.${net}.${(i >> 8) & 255}.${i & 255}`;

/** Returns the fields that the API server keeps of whoever wrote an object. */
function managedFields(manager: string, part: string, ...names: readonly string[]) {
  const fieldsV1 = { [`f:${part}`]: Object.fromEntries(names.map((name) => [`f:${name}`, { '.': {} }])) };
  return [{ manager, operation: 'Update', apiVersion: 'v1', time: TIME, fieldsType: 'FieldsV1', fieldsV1 }];
}

function metadata(kind: string, i: number, more: object) {
  return {
    name: `${kind}-${i}`,
    namespace: `team-${i % 100}`,
    uid: uid(i),
    resourceVersion: String(1_000_000 + i),
    creationTimestamp: TIME,
    labels: {
      'app.kubernetes.io/name': `${kind}-${i}`,
      'app.kubernetes.io/instance': 'production',
      'app.kubernetes.io/managed-by': 'Helm',
      'helm.sh/chart': 'shop-1.12.3',
    },
    annotations: {
      'meta.helm.sh/release-name': 'shop',
      'meta.helm.sh/release-namespace': 'production',
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
        kind,
        spec: { note: 'x'.repeat(500) },
      }),
    },
    ...more,
  };
}

/** Returns a Service with one node port. */
export function realisticService(i: number) {
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: metadata('frontend', i, {
      managedFields: managedFields('helm', 'spec', 'ports', 'selector', 'type', 'sessionAffinity'),
    }),
    spec: {
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30_000 + (i % 2_768) }],
      selector: { 'app.kubernetes.io/name': `frontend-${i}` },
      clusterIP: ip(96, i),
      clusterIPs: [ip(96, i)],
      type: 'NodePort',
      sessionAffinity: 'None',
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    },
    status: { loadBalancer: {} },
  };
}

function targetRef(i: number) {
  return {
    kind: 'Pod',
    namespace: `team-${i % 100}`,
    name: `frontend-${i}`,
    uid: uid(i),
    resourceVersion: '7',
  };
}

/** Returns the Endpoints of a service with three addresses. */
export function realisticEndpoints(i: number) {
  return {
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: metadata('frontend', i, {
      managedFields: managedFields('kube-controller-manager', 'subsets'),
    }),
    subsets: [
      {
        addresses: [1, 2, 3].map((n) => ({
          ip: ip(244, i + n),
          nodeName: `worker-${n}.example.com`,
          targetRef: targetRef(i + n),
        })),
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ],
  };
}

/** Returns an EndpointSlice with three endpoints. */
export function realisticSlice(i: number) {
  const owner = { apiVersion: 'v1', kind: 'Service', name: `frontend-${i}`, uid: uid(i), controller: true };
  const made = metadata('frontend-x7k2p', i, {
    managedFields: managedFields('kube-controller-manager', 'endpoints'),
    ownerReferences: [{ ...owner, blockOwnerDeletion: true }],
  });
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { ...made, labels: { ...made.labels, 'kubernetes.io/service-name': `frontend-${i}` } },
    addressType: 'IPv4',
    endpoints: [1, 2, 3].map((n) => ({
      addresses: [ip(244, i + n)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `worker-${n}.example.com`,
      zone: 'eu-central-1a',
      targetRef: targetRef(i + n),
    })),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  };
}

/** Returns a Pod that runs, with the watcher's annotation. */
export function realisticPod(i: number) {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'frontend-7d9f8b6c5', uid: uid(i) };
  const made = metadata('frontend-7d9f8b6c5', i, {
    generateName: 'frontend-7d9f8b6c5-',
    ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    managedFields: managedFields('kubelet', 'status', 'conditions', 'containerStatuses', 'podIPs'),
  });
  const network = {
    ip_address: `${ip(244, i)}/24`,
    mac_address: '0a:00:0a:f4:01:05',
    gateway_ip: '10.244.1.1',
  };
  const resources = { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } };
  const image = 'registry.example.com/shop/frontend:1.12.3';
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { ...made, annotations: { ...made.annotations, ovn: JSON.stringify(network) } },
    spec: {
      nodeName: `worker-${i % 300}.example.com`,
      volumes: [{ name: 'kube-api-access', projected: { defaultMode: 420, sources: [{}] } }],
      containers: [{ name: 'web', image, resources, env: [{ name: 'A', value: 'b' }], volumeMounts: [] }],
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', tolerationSeconds: 300 }],
    },
    status: {
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: TIME,
      })),
      hostIP: '203.0.113.10',
      podIP: ip(244, i),
      podIPs: [{ ip: ip(244, i) }],
      startTime: TIME,
      containerStatuses: [{ name: 'web', image, imageID: image, restartCount: 0, state: { running: {} } }],
      qosClass: 'Burstable',
    },
  };
}

/** Returns a Node. */
export function realisticNode(i: number) {
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { ...metadata('worker', i, {}), namespace: undefined },
    spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip(0, i) },
        { type: 'Hostname', address: `worker-${i}` },
      ],
      capacity: { cpu: '16', memory: '65536Mi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: TIME }],
      images: [{ names: ['registry.example.com/shop/frontend:1.12.3'], sizeBytes: 123_456_789 }],
    },
  };
}
