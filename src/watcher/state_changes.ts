/**
 * The objects that the next step must check. A source marks an object that changed, then rings. A mark means only that
 * the object may have changed: the step reads its present form from the source.
 */
export class Changes {
  private pods = new Set<string>();
  /** Pods without an address, of switches whose addresses are all taken. */
  private readonly waiting = new Set<string>();
  private services = new Set<string>();
  private annotations = new Set<string>();
  private gatewaysChanged = true;
  private hostsChanged = true;
  private all = true;

  /** `ring` asks for a step. */
  constructor(readonly ring: () => void) {}

  /** Marks the logical port of a pod, by `NAMESPACE/NAME`. */
  markPod(key: string): void {
    this.pods.add(key);
  }

  /** Marks the logical ports of these pods, which are taken before all others. */
  markPodsFirst(keys: readonly string[]): void {
    this.pods = new Set([...keys, ...this.pods]);
  }

  /** Keeps a pod that has no address until one is free. */
  awaitAddress(key: string): void {
    this.waiting.add(key);
  }

  /** Marks the pods that wait for an address. */
  addressFreed(): void {
    for (const key of this.waiting) this.pods.add(key);
    this.waiting.clear();
  }

  /** Marks the annotation of a pod, by `NAMESPACE/NAME`. */
  markAnnotation(key: string): void {
    this.annotations.add(key);
  }

  /** Marks the virtual addresses of a service, by `NAMESPACE/NAME`. */
  markService(key: string): void {
    this.services.add(key);
  }

  /** Marks the gateways: their addresses belong to every service with node ports. */
  markGateways(): void {
    this.gatewaysChanged = true;
  }

  /** Marks the nodes and their hosts: services have endpoints and node ports there. */
  markHosts(): void {
    this.hostsChanged = true;
  }

  /** Marks all objects of the API server and of the northbound database. */
  markAll(): void {
    this.all = true;
    this.gatewaysChanged = true;
    this.hostsChanged = true;
  }

  get hasPods(): boolean {
    return this.pods.size > 0;
  }

  /** Removes and returns marked pods, no more than `most`. */
  takePods(most: number): string[] {
    const taken: string[] = [];
    for (const key of this.pods) {
      if (taken.length === most) break;
      taken.push(key);
    }
    for (const key of taken) this.pods.delete(key);
    return taken;
  }

  /** Removes and returns the marked annotations. */
  takeAnnotations(): ReadonlySet<string> {
    const taken = this.annotations;
    this.annotations = new Set();
    return taken;
  }

  /** Removes and returns the marked services. */
  takeServices(): ReadonlySet<string> {
    const taken = this.services;
    this.services = new Set();
    return taken;
  }

  /** Removes the mark of the gateways and returns whether it was there. */
  takeGateways(): boolean {
    const taken = this.gatewaysChanged;
    this.gatewaysChanged = false;
    return taken;
  }

  /** Removes the mark of the hosts and returns whether it was there. */
  takeHosts(): boolean {
    const taken = this.hostsChanged;
    this.hostsChanged = false;
    return taken;
  }

  /** Removes the mark of everything and returns whether it was there. */
  takeAll(): boolean {
    const taken = this.all;
    this.all = false;
    return taken;
  }
}
