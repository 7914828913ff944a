import { type Contender, lostTo, oldest, ownerText } from '../kube/seniority.js';
import { balancerText, type Vip, type VipId, vipText } from './desired_balancer.js';

interface Candidate extends Vip, Contender {}

/** Which service has which virtual address. A change of a service costs what that service wants. */
export class VipAssignments {
  private readonly candidates = new Map<string, Map<string, Candidate>>();
  private readonly wantedBy = new Map<string, readonly string[]>();
  /** By service, the virtual addresses that it wants and another one has. */
  private readonly lost = new Map<string, Set<string>>();
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

  /** Returns whether a service has or wants a virtual address. */
  has(service: string): boolean {
    return this.wantedBy.has(service);
  }

  /** Returns how many virtual addresses a service wants and another one has, and for each of them why. */
  conflicts(service: string): { readonly count: number; readonly texts: Iterable<string> } {
    // One address may be lost in the cluster and at gateways, which is one conflict.
    const lost = new Map(
      [...(this.lost.get(service) ?? [])].map((text) => [text.replace(/^\S* /, ''), text]),
    );
    return { count: lost.size, texts: this.whyLost(service, lost.values()) };
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

  /** Replaces one candidate for an address; returns the address on each load balancer that had it or has it now. */
  private replace(text: string, service: string, candidate: Candidate | undefined): VipId[] {
    const by = this.candidates.get(text) ?? new Map<string, Candidate>();
    const before = ownerOf(by.values());
    if (candidate === undefined) by.delete(service);
    else by.set(service, candidate);
    if (by.size === 0) this.candidates.delete(text);
    else this.candidates.set(text, by);
    const owner = ownerOf(by.values());
    const isOwnerSame = before?.service === owner?.service && before?.isNodePort === owner?.isNodePort;
    for (const one of isOwnerSame ? [service] : new Set([service, ...by.keys()]))
      this.setLost(one, text, by.has(one) && one !== owner?.service);
    const concerned = before === owner ? [] : [before, owner].filter((one) => one !== undefined);
    return [...new Map(concerned.map((one) => [balancerText(one.balancer), one])).values()];
  }

  private setLost(service: string, text: string, isLost: boolean): void {
    const lost = this.lost.get(service) ?? new Set<string>();
    const was = lost.delete(text);
    if (isLost) lost.add(text);
    if (lost.size === 0) this.lost.delete(service);
    else this.lost.set(service, lost);
    if (was || isLost) this.contested.add(service);
  }

  private *whyLost(service: string, texts: Iterable<string>): Generator<string> {
    for (const text of texts) {
      const candidates = this.candidates.get(text);
      const [one, owner] = [candidates?.get(service), ownerOf(candidates?.values() ?? [])];
      if (one !== undefined && owner !== undefined) yield whyLost(owner, one);
    }
  }
}

function whyLost(owner: Candidate, one: Candidate): string {
  const what = `${one.balancer.protocol} ${one.vip}`;
  return owner.isNodePort === true && one.isNodePort !== true
    ? `${what} is a node port of ${ownerText(owner.service)}`
    : lostTo(owner, what);
}

/**
 * Returns the candidate that gets a virtual address: the oldest service. A node port goes before an external address,
 * or else a service could wait at a gateway's own address for the node port that another one will be given.
 */
function ownerOf(candidates: Iterable<Candidate>): Candidate | undefined {
  let first: Candidate | undefined;
  for (const one of candidates) {
    const isOther = first !== undefined && (one.isNodePort === true) !== (first.isNodePort === true);
    if (first === undefined || (isOther && one.isNodePort === true)) first = one;
    else if (!isOther) first = oldest([first, one]);
  }
  return first;
}
