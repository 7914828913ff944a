/**
 * What an endpoint can do: it is ready; it ends, but serves until then (`serving` and `terminating`); or neither.
 */
export type EndpointState = 'ready' | 'leaving' | 'unready';

/** One destination of a service's traffic, for one of its ports. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** The name of the service's port; empty for the only port. */
  readonly portName: string;
  readonly protocol: string;
  readonly node: string | undefined;
  readonly state: EndpointState;
  /** The nodes that should use the endpoint (`hints.forNodes`); absent for no hint. */
  readonly forNodes?: readonly string[];
  /** The zones that should use the endpoint (`hints.forZones`); absent for no hint. */
  readonly forZones?: readonly string[];
}

/** The endpoints of each service, collected from its Endpoints object or from all of its slices. */
export class EndpointIndex {
  private readonly objects = new Map<
    string,
    { readonly service: string; readonly endpoints: readonly Endpoint[] }
  >();
  private readonly objectsOf = new Map<string, Set<string>>();

  /** `changed` receives each service whose endpoints may have changed. */
  constructor(private readonly changed: (service: string) => void) {}

  /** Takes over an object by its key. `service` is `undefined` for an object that is gone or belongs to no service. */
  put(key: string, service: string | undefined, endpoints: readonly Endpoint[]): void {
    const before = this.objects.get(key)?.service;
    if (before !== undefined && before !== service) {
      this.objectsOf.get(before)?.delete(key);
      if (this.objectsOf.get(before)?.size === 0) this.objectsOf.delete(before);
      this.changed(before);
    }
    if (service === undefined) {
      this.objects.delete(key);
      return;
    }
    this.objects.set(key, { service, endpoints });
    this.objectsOf.set(service, (this.objectsOf.get(service) ?? new Set()).add(key));
    this.changed(service);
  }

  /** Returns the services that have an endpoint at one of these addresses. It reads all endpoints. */
  servicesAt(ips: ReadonlySet<string>): ReadonlySet<string> {
    const found = new Set<string>();
    for (const { service, endpoints } of this.objects.values())
      if (endpoints.some(({ ip }) => ips.has(ip))) found.add(service);
    return found;
  }

  /** Returns the endpoints of a service by the names of its objects, so equal endpoints always have one order. */
  of(service: string): readonly Endpoint[] {
    const keys = [...(this.objectsOf.get(service) ?? [])];
    const only = keys.length === 1 && keys[0] !== undefined ? this.objects.get(keys[0]) : undefined;
    return only?.endpoints ?? keys.sort().flatMap((key) => this.objects.get(key)?.endpoints ?? []);
  }
}
