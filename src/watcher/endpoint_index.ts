import type { Endpoint } from './endpoints.js';

/** The endpoints of each service, put together from the objects that have a part of them. */
export class EndpointIndex {
  private readonly objects = new Map<
    string,
    { readonly service: string; readonly endpoints: readonly Endpoint[] }
  >();
  private readonly parts = new Map<string, Set<string>>();

  /** `changed` is told each service whose endpoints may be others now. */
  constructor(private readonly changed: (service: string) => void) {}

  /** What the object of this key says now, and of which service; `undefined` for one that is gone or of none. */
  put(key: string, service: string | undefined, endpoints: readonly Endpoint[]): void {
    const before = this.objects.get(key)?.service;
    if (before !== undefined && before !== service) {
      this.parts.get(before)?.delete(key);
      if (this.parts.get(before)?.size === 0) this.parts.delete(before);
      this.changed(before);
    }
    if (service === undefined) {
      this.objects.delete(key);
      return;
    }
    this.objects.set(key, { service, endpoints });
    this.parts.set(service, (this.parts.get(service) ?? new Set()).add(key));
    this.changed(service);
  }

  /** In the order of the objects' names, so that the same endpoints are always told the same way. */
  of(service: string): readonly Endpoint[] {
    const keys = [...(this.parts.get(service) ?? [])].sort();
    return keys.flatMap((key) => this.objects.get(key)?.endpoints ?? []);
  }
}
