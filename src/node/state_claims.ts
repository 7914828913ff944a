import type { AddressGuard } from '../kube/address_guard.js';
import type { KubeObject } from '../kube/objects.js';
import { bornAt, type Contender, lostTo, oldest, ownerText } from '../kube/seniority.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { Element } from './desired_sets.js';
import { isServed, type ServedAddresses } from './state_served.js';

/** A port, or a port of an address, that one object only can have, and the elements of nft sets that it stands for. */
export interface NodeClaim {
  /** `tcp 30080`, `203.0.113.80 tcp 80`. */
  readonly name: string;
  /** An external address, which the guard judges; `undefined` for the host's own addresses. */
  readonly external?: IpAddress;
  /** A port of the host, `tcp 8088`, that nobody gets while the host uses it. */
  readonly hostPort?: string;
  /** Why nobody gets it, as in "it is …". */
  readonly refused?: string;
  readonly elements: readonly Element[];
}

/** Reads the claims of an object. An object that makes no sense is an exception. */
export type ReadClaims<T> = (object: T) => readonly NodeClaim[];

interface Entry extends Contender {
  readonly claims: readonly NodeClaim[];
}

interface Bid extends Contender {
  readonly claim: NodeClaim;
}

/** An element that was added, or deleted, since the last call. */
export interface ElementChange {
  readonly set: string;
  readonly key: string;
}

/** What claims are judged by. */
export interface Judge {
  /** `undefined` while it is not known which addresses have an owner. */
  readonly guard: AddressGuard | undefined;
  /** What of the host uses which port; `undefined` while that is not known. */
  readonly listeners?: ReadonlyMap<string, string> | undefined;
  /** The external addresses that gateways serve. An address that none serves may be that of a host outside. */
  readonly served?: ServedAddresses;
}

/** About how many refusals are named: an author may write thousands of ports. */
const MOST_LINES = 200;

/**
 * Which object has which elements of the nft sets. A change of one object costs what that object claims, however many
 * there are. What two objects claim belongs to the older one.
 */
export class ClaimBook<T extends KubeObject> {
  private readonly entries = new Map<string, Entry>();
  private readonly unreadable = new Map<string, string>();
  /** The objects that claim a name. */
  private readonly bids = new Map<string, readonly Bid[]>();
  /** The elements of each name now. */
  private readonly placed = new Map<string, readonly Element[]>();
  private readonly refusals = new Map<string, string>();
  private readonly undecided = new Set<string>();
  private judge: Judge = { guard: undefined };
  /** All elements now, by set and key. */
  readonly sets = new Map<string, Map<string, string>>();

  constructor(private readonly read: ReadClaims<T>) {}

  /**
   * Replaces an object by its current version; `undefined` removes it.
   * @param key the name of a service, or what `podOwner` returns for a pod
   */
  put(key: string, object: T | undefined): void {
    for (const { name } of this.entries.get(key)?.claims ?? []) {
      this.setBids(
        name,
        (this.bids.get(name) ?? []).filter(({ service }) => service !== key),
      );
    }
    const claims = object === undefined ? this.forget(key) : this.claimsOf(key, object);
    const entry = { service: key, born: bornAt(object), claims };
    for (const claim of claims)
      this.setBids(claim.name, [...(this.bids.get(claim.name) ?? []), { ...entry, claim }]);
    if (claims.length === 0) this.entries.delete(key);
    else this.entries.set(key, entry);
  }

  /**
   * Decides all claims that changed since the last call, and those that are judged by what changed.
   * @returns the elements that changed
   */
  decide(judge: Judge): readonly ElementChange[] {
    const before = this.judge;
    this.judge = judge;
    const { guard, listeners, served } = before;
    const isJudged = ({ external, hostPort }: NodeClaim) =>
      (external !== undefined &&
        (judge.guard !== guard || isOut(external, judge) !== isOut(external, before))) ||
      (hostPort !== undefined && judge.listeners !== listeners);
    if (judge.guard !== guard || judge.listeners !== listeners || judge.served !== served)
      for (const [name, bids] of this.bids)
        if (bids.some(({ claim }) => isJudged(claim))) this.undecided.add(name);
    const changes = [...this.undecided].flatMap((name) => this.place(name));
    this.undecided.clear();
    return changes;
  }

  /** The ports of the host that are claimed, each once. */
  get hostPorts(): readonly string[] {
    const claims = [...this.entries.values()].flatMap((entry) => entry.claims);
    return [...new Set(claims.flatMap(({ hostPort }) => hostPort ?? []))];
  }

  /** Lines for each claim that nobody gets, or that lost to another object, and for each object that is invalid. */
  get problems(): readonly string[] {
    const lines = [...this.unreadable].map(([owner, why]) => `${ownerText(owner)}: ${why}`);
    for (const line of this.refusals.values()) {
      if (lines.length >= MOST_LINES) break;
      lines.push(line);
    }
    return lines;
  }

  private claimsOf(key: string, object: T): readonly NodeClaim[] {
    try {
      const claims = this.read(object);
      this.unreadable.delete(key);
      return claims;
    } catch (error) {
      this.unreadable.set(key, `${explainError(error)}; it is left out`);
      return [];
    }
  }

  private forget(key: string): readonly NodeClaim[] {
    this.unreadable.delete(key);
    return [];
  }

  private setBids(name: string, bids: readonly Bid[]): void {
    if (bids.length === 0) this.bids.delete(name);
    else this.bids.set(name, bids);
    this.undecided.add(name);
  }

  /** Gives a name's elements to the object that gets it. */
  private place(name: string): readonly ElementChange[] {
    const before = this.placed.get(name) ?? [];
    const bids = this.bids.get(name) ?? [];
    const winner = oldest(bids);
    const why = winner && this.refusal(winner.claim);
    const isPlaced = winner !== undefined && why === undefined && !isOut(winner.claim.external, this.judge);
    const after = isPlaced ? winner.claim.elements : [];
    this.report(name, winner, bids, why);
    if (after.length === 0) this.placed.delete(name);
    else this.placed.set(name, after);
    for (const { set, key } of before) this.sets.get(set)?.delete(key);
    for (const { set, key, value } of after) {
      const elements = this.sets.get(set) ?? new Map<string, string>();
      this.sets.set(set, elements.set(key, value));
    }
    return [...before, ...after];
  }

  private refusal({ refused, external, hostPort }: NodeClaim): string | undefined {
    const { guard, listeners } = this.judge;
    if (refused !== undefined) return refused;
    const listener = hostPort === undefined ? undefined : listeners?.get(hostPort);
    if (listener !== undefined) return `the host uses it: ${listener}`;
    if (external === undefined) return undefined;
    return guard === undefined ? 'it is not known yet who has the address' : guard.refusal(external);
  }

  private report(name: string, winner: Bid | undefined, bids: readonly Bid[], why: string | undefined): void {
    const losers = bids.filter((one) => one !== winner);
    if (winner === undefined || (why === undefined && losers.length === 0)) {
      this.refusals.delete(name);
    } else if (why !== undefined) {
      this.refusals.set(name, `${ownerText(winner.service)}: ${name} is refused: ${why}`);
    } else {
      this.refusals.set(
        name,
        losers.map(({ service }) => `${ownerText(service)}: ${lostTo(winner, name)}`).join('; '),
      );
    }
  }
}

/** Returns whether an external address is left alone because no gateway serves it. Its helper names the reason. */
function isOut(external: IpAddress | undefined, { served = 'all' }: Judge): boolean {
  return external !== undefined && !isServed(served, external);
}
