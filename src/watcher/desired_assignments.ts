import { STEPS } from '../daemon/turns.js';
import { type Contender, lostTo, oldest, ownerText } from '../kube/seniority.js';
import { isSameBalancer, type Vip, type VipId, vipText } from './desired_balancer.js';

interface Candidate extends Vip, Contender {}

const NONE: readonly Candidate[] = [];

/** Which service has which virtual address. A change of a service costs what that service wants. */
export class VipAssignments {
  /** By virtual address; nearly always one. */
  private readonly candidates = new Map<string, readonly Candidate[]>();
  private readonly wantedBy = new Map<string, readonly string[]>();
  /** By service, the virtual addresses that it wants and another one has. */
  private readonly lost = new Map<string, Set<string>>();
  private contested = new Set<string>();

  /**
   * Replaces what a service wants; returns the virtual addresses that may have changed. Yields where it may be
   * interrupted, as there can be many.
   */
  *put(service: string, born: number, vips: readonly Vip[]): Generator<void, VipId[]> {
    const touched: VipId[] = [];
    const fresh = new Map<string, Vip>();
    let steps = 0;
    for (const one of vips) {
      fresh.set(vipText(one), one);
      if (++steps % STEPS === 0) yield;
    }
    for (const text of this.wantedBy.get(service) ?? []) {
      if (!fresh.has(text)) this.replace(touched, text, service, undefined);
      if (++steps % STEPS === 0) yield;
    }
    for (const [text, { balancer, vip, targets, isNodePort = false }] of fresh) {
      this.replace(touched, text, service, { balancer, vip, targets, isNodePort, service, born });
      if (++steps % STEPS === 0) yield;
    }
    if (fresh.size === 0) this.wantedBy.delete(service);
    else this.wantedBy.set(service, [...fresh.keys()]);
    return touched;
  }

  /** Returns the destinations of a virtual address; `undefined` if this load balancer must not have it. */
  targets(id: VipId): string | undefined {
    const owner = ownerOf(this.candidatesOf(id));
    return owner !== undefined && isSameBalancer(owner.balancer, id.balancer) ? owner.targets : undefined;
  }

  /** Every virtual address that a service has. */
  get all(): VipId[] {
    const found: VipId[] = [];
    for (const all of this.candidates.values()) {
      const owner = ownerOf(all);
      if (owner !== undefined) found.push(owner);
    }
    return found;
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

  private candidatesOf(id: VipId): readonly Candidate[] {
    return this.candidates.get(vipText(id)) ?? NONE;
  }

  /** Replaces one candidate for an address; adds the address on each load balancer that had it or has it now. */
  private replace(touched: VipId[], text: string, service: string, candidate: Candidate | undefined): void {
    const known = this.candidates.get(text) ?? NONE;
    const others = known.length === 0 ? NONE : known.filter((one) => one.service !== service);
    const all = candidate === undefined ? others : [...others, candidate];
    if (all.length === 0) this.candidates.delete(text);
    else this.candidates.set(text, all);
    const [before, owner] = [ownerOf(known), ownerOf(all)];
    const isOwnerSame = before?.service === owner?.service && before?.isNodePort === owner?.isNodePort;
    this.setLost(service, text, candidate !== undefined && candidate !== owner);
    if (!isOwnerSame) for (const one of others) this.setLost(one.service, text, one !== owner);
    if (before === owner) return;
    if (before !== undefined) touched.push(before);
    if (owner !== undefined && (before === undefined || !isSameBalancer(before.balancer, owner.balancer)))
      touched.push(owner);
  }

  private setLost(service: string, text: string, isLost: boolean): void {
    const known = this.lost.get(service);
    if (known === undefined && !isLost) return;
    const lost = known ?? new Set<string>();
    const was = lost.delete(text);
    if (isLost) lost.add(text);
    if (lost.size === 0) this.lost.delete(service);
    else this.lost.set(service, lost);
    if (was || isLost) this.contested.add(service);
  }

  private *whyLost(service: string, texts: Iterable<string>): Generator<string> {
    for (const text of texts) {
      const candidates = this.candidates.get(text);
      const one = candidates?.find((candidate) => candidate.service === service);
      const owner = ownerOf(candidates ?? NONE);
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
function ownerOf(candidates: readonly Candidate[]): Candidate | undefined {
  if (candidates.length <= 1) return candidates[0];
  let first: Candidate | undefined;
  for (const one of candidates) {
    const isOther = first !== undefined && (one.isNodePort === true) !== (first.isNodePort === true);
    if (first === undefined || (isOther && one.isNodePort === true)) first = one;
    else if (!isOther) first = oldest([first, one]);
  }
  return first;
}
