import { type Contender, lostTo, oldest } from '../kube/seniority.js';
import { balancerText, type Vip, type VipId, vipText } from './desired_balancer.js';

interface Candidate extends Vip, Contender {}

/** Which service has which virtual address. A change of a service costs what that service wants. */
export class VipAssignments {
  private readonly candidates = new Map<string, Map<string, Candidate>>();
  private readonly wantedBy = new Map<string, readonly string[]>();
  /** By service, the virtual addresses that it wants and another one has, and why. */
  private readonly lost = new Map<string, Map<string, string>>();
  private contested = new Set<string>();

  /** Replaces what a service wants; returns the virtual addresses that may have changed. */
  put(service: string, born: number, vips: readonly Vip[]): VipId[] {
    const fresh = new Map(vips.map((one) => [vipText(one), one]));
    const texts = new Set([...(this.wantedBy.get(service) ?? []), ...fresh.keys()]);
    const touched = [...texts].flatMap((text) => {
      const vip = fresh.get(text);
      return this.replace(text, service, vip && { ...vip, service, born });
    });
    if (fresh.size === 0) this.wantedBy.delete(service);
    else this.wantedBy.set(service, [...fresh.keys()]);
    return touched;
  }

  /** Returns the destinations of a virtual address; `undefined` if this load balancer must not have it. */
  targets(id: VipId): string | undefined {
    const owner = ownerOf(this.candidatesOf(id));
    return owner !== undefined && balancerText(owner.balancer) === balancerText(id.balancer)
      ? owner.targets
      : undefined;
  }

  /** Every virtual address that a service has. */
  get all(): VipId[] {
    return [...this.candidates.values()].flatMap((by) => ownerOf(by.values()) ?? []);
  }

  /** How many virtual addresses services have. */
  get size(): number {
    return this.candidates.size;
  }

  /** The services that have or want a virtual address. */
  get services(): ReadonlySet<string> {
    return new Set(this.wantedBy.keys());
  }

  /** Returns the virtual addresses that a service wants and another one has, each with why. */
  conflicts(service: string): string[] {
    return [...(this.lost.get(service)?.values() ?? [])];
  }

  /** Returns the services whose {@link conflicts} may have changed since the last call. */
  takeContested(): ReadonlySet<string> {
    const taken = this.contested;
    this.contested = new Set();
    return taken;
  }

  private candidatesOf(id: VipId): Iterable<Candidate> {
    return this.candidates.get(vipText(id))?.values() ?? [];
  }

  /** Replaces one candidate for an address; returns the address on each load balancer that has or had a candidate. */
  private replace(text: string, service: string, candidate: Candidate | undefined): VipId[] {
    const by = this.candidates.get(text) ?? new Map<string, Candidate>();
    const before = [...by.values()];
    if (candidate === undefined) by.delete(service);
    else by.set(service, candidate);
    if (by.size === 0) this.candidates.delete(text);
    else this.candidates.set(text, by);
    const concerned = [...before, ...by.values()];
    this.noteConflicts(text, by, new Set(concerned.map((one) => one.service)));
    return [...new Map(concerned.map((one) => [balancerText(one.balancer), one])).values()];
  }

  private noteConflicts(
    text: string,
    candidates: ReadonlyMap<string, Candidate>,
    services: Iterable<string>,
  ): void {
    const owner = ownerOf(candidates.values());
    for (const service of services) {
      const one = candidates.get(service);
      const lost = this.lost.get(service) ?? new Map<string, string>();
      if (one !== undefined && owner !== undefined && one !== owner) lost.set(text, whyLost(owner, one));
      else if (!lost.delete(text)) continue;
      if (lost.size === 0) this.lost.delete(service);
      else this.lost.set(service, lost);
      this.contested.add(service);
    }
  }
}

function whyLost(owner: Candidate, one: Candidate): string {
  const what = `${one.balancer.protocol} ${one.vip}`;
  return owner.isNodePort === true && one.isNodePort !== true
    ? `${what} is a node port of Service ${owner.service}`
    : lostTo(owner, what);
}

/**
 * Returns the candidate that gets a virtual address: the oldest service. A node port goes before an external address,
 * or else a service could wait at a gateway's own address for the node port that another one will be given.
 */
function ownerOf(candidates: Iterable<Candidate>): Candidate | undefined {
  const all = [...candidates];
  const nodePorts = all.filter(({ isNodePort }) => isNodePort === true);
  return oldest(nodePorts.length > 0 ? nodePorts : all);
}
