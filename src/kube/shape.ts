import { isRecord } from './objects.js';

/** Returns where a value has the wrong type: the path of a field in it, empty for itself; `undefined` if nowhere. */
type Check = (value: unknown) => string | undefined;

const text: Check = (value) => (typeof value === 'string' ? undefined : '');
const number: Check = (value) => (typeof value === 'number' ? undefined : '');
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : '');

/** Checks a list of values of one type. */
function list(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return '';
    for (const one of value) {
      const found = check(one);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Checks the values of a dictionary. */
function dictionary(check: Check): Check {
  return (value) => {
    if (!isRecord(value)) return '';
    for (const key in value) {
      const found = check(value[key]);
      if (found !== undefined) return join(key, found);
    }
    return undefined;
  };
}

/** Checks an object's fields, which may all be absent; `null` means the same and is replaced. */
function fields(checks: Readonly<Record<string, Check>>): Check {
  const entries = Object.entries(checks);
  return (value) => {
    if (!isRecord(value)) return '';
    for (const [field, check] of entries) {
      const one = value[field];
      if (one === undefined) continue;
      if (one === null) (value as Record<string, unknown>)[field] = undefined;
      const found = one === null ? undefined : check(one);
      if (found !== undefined) return join(field, found);
    }
    return undefined;
  };
}

function join(field: string, rest: string): string {
  return rest === '' ? field : `${field}.${rest}`;
}

const ports = list(fields({ name: text, protocol: text, port: number, nodePort: number, appProtocol: text }));
const addresses = list(fields({ ip: text, hostname: text, nodeName: text }));

/** The types of the fields that are read of pods, services, endpoints, slices and nodes: one type, whatever the kind. */
const object = fields({
  metadata: fields({
    uid: text,
    creationTimestamp: text,
    deletionTimestamp: text,
    annotations: dictionary(text),
    labels: dictionary(text),
  }),
  spec: fields({
    clusterIP: text,
    clusterIPs: list(text),
    externalIPs: list(text),
    externalTrafficPolicy: text,
    hostNetwork: flag,
    internalTrafficPolicy: text,
    loadBalancerSourceRanges: list(text),
    nodeName: text,
    podCIDRs: list(text),
    ports,
    publishNotReadyAddresses: flag,
    sessionAffinity: text,
    sessionAffinityConfig: fields({ clientIP: fields({ timeoutSeconds: number }) }),
    type: text,
  }),
  status: fields({
    addresses: list(fields({ type: text, address: text })),
    loadBalancer: fields({ ingress: list(fields({ ip: text, hostname: text, ipMode: text })) }),
    phase: text,
    podIP: text,
  }),
  subsets: list(fields({ addresses, notReadyAddresses: addresses, ports })),
  addressType: text,
  endpoints: list(
    fields({
      addresses: list(text),
      conditions: fields({ ready: flag, serving: flag, terminating: flag }),
      nodeName: text,
    }),
  ),
  ports,
});

/**
 * Returns the first field of an object that has another type than Kubernetes gives it, such as `spec.ports`; `undefined`
 * if none has. Replaces `null` by `undefined` in the fields that are read. Readers of objects need not check types again.
 */
export function misfit(value: unknown): string | undefined {
  return object(value);
}
