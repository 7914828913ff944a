import type { AddressGuard } from '../kube/address_guard.js';
import type { Conflict } from '../neighbour/probe.js';
import type { IpAddress } from '../net/ip.js';
import { Keyed } from '../openflow/keyed.js';

/** What decides which of the wanted addresses are served. */
export interface AdmissionFacts {
  /** The addresses that services want. */
  readonly wanted: Keyed<IpAddress>;
  readonly guard: AddressGuard;
  /** The addresses that host and gateway router share. Their ports are judged one by one instead. */
  readonly own: readonly IpAddress[];
  /** The addresses that are served now. */
  readonly served: Keyed<IpAddress>;
  /** Whether a new address is asked for first. If another host answers for all of them, it is served at once. */
  readonly asks: boolean;
}

/** Milliseconds until an address for which a host answered is asked for again. */
const AGAIN_MS = 5_000;
/** The most addresses asked for at a time, so that a service with thousands does not fill the network. */
const AT_A_TIME = 256;

/**
 * Decides which wanted addresses are served. The guard refuses some. Each other one is new or served already: a new one
 * is served once it was asked for on the NIC's network and nobody answered. An address that was served before a restart
 * of the helper is in the flows, and is not asked for again. A step costs only what changed, unless the guard did.
 */
export class AddressAdmission {
  private wanted: Keyed<IpAddress> = Keyed.EMPTY;
  private served: Keyed<IpAddress> = Keyed.EMPTY;
  private guard: AddressGuard | undefined;
  private own = '';
  private readonly unasked = new Set<IpAddress>();
  /** The addresses that other hosts have, and when to ask for them again; the first to ask for is first. */
  private readonly held = new Map<IpAddress, Conflict & { readonly againAt: number }>();
  private readonly forbidden = new Map<IpAddress, string>();
  private changes = 0;

  /** Counts the changes of {@link refusals}. */
  get revision(): number {
    return this.changes;
  }

  /** Yields the addresses that are not served, and why, as in "it is …". */
  *refusals(): Generator<readonly [IpAddress, string]> {
    yield* this.forbidden;
    for (const [ip, { mac }] of this.held) yield [ip, `${mac} has it on the network`];
  }

  /** Whether another host has one of the wanted addresses. */
  get isHeld(): boolean {
    return this.held.size > 0;
  }

  /** Returns the addresses to serve. The result shares its unchanged parts with the last one. */
  admit({ wanted, guard, own, served, asks }: AdmissionFacts): Keyed<IpAddress> {
    const isSame = guard === this.guard && own.join() === this.own;
    const gone = this.wanted
      .differences(wanted)
      .flatMap(({ after, before }) => (after ? [] : (before ?? [])));
    const added = isSame ? this.wanted.differences(wanted).flatMap(({ after }) => after ?? []) : [...wanted];
    this.wanted = wanted;
    this.guard = guard;
    this.own = own.join();
    const known = asks ? served : wanted;
    const results = [
      ...gone.map((ip) => [ip, this.forget(ip)] as const),
      ...added.map((ip) => [ip, this.judge(ip, guard, own, known)] as const),
    ];
    this.served = this.served.with(results.filter(([ip, after]) => this.served.get(ip) !== after));
    return this.served;
  }

  /** Forgets all addresses: another gateway serves them. */
  reset(): void {
    if (this.guard === undefined) return;
    this.wanted = Keyed.EMPTY;
    this.served = Keyed.EMPTY;
    this.guard = undefined;
    this.unasked.clear();
    this.held.clear();
    this.forbidden.clear();
    this.changes++;
  }

  /** Returns the addresses to ask for now, new ones first. At least half of the places are for those that hosts have. */
  due(now: number): IpAddress[] {
    const again: IpAddress[] = [];
    for (const [ip, { againAt }] of this.held) {
      if (againAt > now || again.length === AT_A_TIME) break;
      again.push(ip);
    }
    const fresh: IpAddress[] = [];
    const places = AT_A_TIME - Math.min(again.length, AT_A_TIME / 2);
    for (const ip of this.unasked) {
      if (fresh.length === places) break;
      fresh.push(ip);
    }
    return [...fresh, ...again].slice(0, AT_A_TIME);
  }

  /** Records which of the addresses that were asked for have a conflict. The others are served from now on. */
  answered(asked: readonly IpAddress[], conflicts: readonly Conflict[], now: number): void {
    const held = new Map(conflicts.map((one) => [one.address, one]));
    const free: IpAddress[] = [];
    for (const ip of asked) {
      if (!this.unasked.delete(ip) && !this.held.has(ip)) continue;
      const conflict = held.get(ip);
      this.held.delete(ip);
      if (conflict !== undefined) this.held.set(ip, { ...conflict, againAt: now + AGAIN_MS });
      else free.push(ip);
    }
    this.changes++;
    this.served = this.served.with(free.map((ip) => [ip, ip]));
  }

  private judge(
    ip: IpAddress,
    guard: AddressGuard,
    own: readonly IpAddress[],
    served: Keyed<IpAddress>,
  ): IpAddress | undefined {
    const isOwn = own.includes(ip);
    const reason = isOwn ? undefined : guard.refusal(ip);
    if (isOwn || reason !== undefined) {
      this.forget(ip);
      if (reason !== undefined) this.forbidden.set(ip, reason);
      return undefined;
    }
    if (this.forbidden.delete(ip)) this.changes++;
    const known = this.served.get(ip) ?? served.get(ip);
    if (known === undefined && !this.held.has(ip)) this.unasked.add(ip);
    return known;
  }

  private forget(ip: IpAddress): undefined {
    this.unasked.delete(ip);
    this.held.delete(ip);
    this.forbidden.delete(ip);
    this.changes++;
  }
}
