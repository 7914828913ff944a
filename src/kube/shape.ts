import { isRecord } from './objects.js';

/** The type of a field: a name, a list of one type, a dictionary of one type, or the types of an object's fields. */
type Shape = 'string' | 'number' | 'boolean' | readonly [Shape] | { readonly each: Shape } | Fields;
interface Fields {
  readonly [field: string]: Shape;
}

const PORTS: Shape = [
  { name: 'string', protocol: 'string', port: 'number', nodePort: 'number', appProtocol: 'string' },
];
const ADDRESSES: Shape = [{ ip: 'string', hostname: 'string', nodeName: 'string' }];

/**
 * The types of the fields that are read here of pods, services, endpoints, slices and nodes. One field has one type,
 * whatever the kind; only `addresses` of a slice's endpoints differ from those of a subset, one level deeper.
 */
const OBJECT: Fields = {
  kind: 'string',
  metadata: {
    uid: 'string',
    creationTimestamp: 'string',
    deletionTimestamp: 'string',
    annotations: { each: 'string' },
    labels: { each: 'string' },
  },
  spec: {
    clusterIP: 'string',
    clusterIPs: ['string'],
    externalIPs: ['string'],
    externalTrafficPolicy: 'string',
    hostNetwork: 'boolean',
    internalTrafficPolicy: 'string',
    loadBalancerSourceRanges: ['string'],
    nodeName: 'string',
    podCIDRs: ['string'],
    ports: PORTS,
    publishNotReadyAddresses: 'boolean',
    sessionAffinity: 'string',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 'number' } },
    type: 'string',
  },
  status: {
    addresses: [{ type: 'string', address: 'string' }],
    loadBalancer: { ingress: [{ ip: 'string', hostname: 'string', ipMode: 'string' }] },
    phase: 'string',
    podIP: 'string',
  },
  subsets: [{ addresses: ADDRESSES, notReadyAddresses: ADDRESSES, ports: PORTS }],
  addressType: 'string',
  endpoints: [
    {
      addresses: ['string'],
      conditions: { ready: 'boolean', serving: 'boolean', terminating: 'boolean' },
      nodeName: 'string',
    },
  ],
  ports: PORTS,
};

/**
 * Returns the first field of an object that has another type than Kubernetes gives it, such as `spec.ports`; `undefined`
 * if none has. Deletes fields that are `null`, which means the same as their absence. Readers of objects need not check
 * types again.
 */
export function misfit(object: unknown): string | undefined {
  return misfitOf(object, OBJECT, '');
}

function misfitOf(value: unknown, shape: Shape, path: string): string | undefined {
  if (typeof shape === 'string') return typeof value === shape ? undefined : path;
  if (isList(shape)) {
    if (!Array.isArray(value)) return path;
    return first(value, (one: unknown) => misfitOf(one, shape[0], path));
  }
  if (!isRecord(value)) return path;
  if (isDictionary(shape))
    return first(Object.keys(value), (key) => misfitOf(value[key], shape.each, `${path}.${key}`));
  return first(Object.keys(shape), (field) => {
    const type = shape[field];
    if (value[field] === null) delete (value as Record<string, unknown>)[field];
    if (type === undefined || !Object.hasOwn(value, field)) return undefined;
    return misfitOf(value[field], type, path === '' ? field : `${path}.${field}`);
  });
}

function first<T>(values: readonly T[], look: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const found = look(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function isDictionary(shape: Shape): shape is { readonly each: Shape } {
  return typeof shape === 'object' && 'each' in shape;
}
