import { type Contender, lostTo, oldest } from '../kube/seniority.js';
import type { Balancer, Vip } from './vips.js';

/** One virtual address of one load balancer. */
export interface VipId {
  readonly balancer: Balancer;
  readonly vip: string;
}

interface Claim extends Vip, Contender {}

/** Which service has which virtual address. A change of a service costs what that service claims. */
export class VipClaims {
  private readonly claims = new Map<string, Map<string, Claim>>();
  private readonly ofService = new Map<string, readonly string[]>();
  private readonly contested = new Set<string>();

  /** Takes all that a service claims now; returns the virtual addresses that may have changed. */
  put(service: string, born: number, vips: readonly Vip[]): VipId[] {
    const fresh = new Map(vips.map((one) => [placeOf(one), one]));
    const places = new Set([...(this.ofService.get(service) ?? []), ...fresh.keys()]);
    const touched = [...places].flatMap((place) => {
      const vip = fresh.get(place);
      return this.claim(place, service, vip && { ...vip, service, born });
    });
    if (fresh.size === 0) this.ofService.delete(service);
    else this.ofService.set(service, [...fresh.keys()]);
    return touched;
  }

  /** Where the traffic of a virtual address goes; `undefined` when this load balancer must not have it. */
  targets(id: VipId): string | undefined {
    const owner = winner(this.claims.get(placeOf(id)));
    return owner !== undefined && balancerText(owner.balancer) === balancerText(id.balancer)
      ? owner.targets
      : undefined;
  }

  /** Every virtual address that somebody has. */
  get all(): VipId[] {
    return [...this.claims.values()].flatMap((by) => winner(by) ?? []);
  }

  get services(): string[] {
    return [...this.ofService.keys()];
  }

  /** Services that do not have what they claim, each one line. */
  get conflicts(): string[] {
    return [...this.contested].flatMap((place) => {
      const by = this.claims.get(place);
      const owner = winner(by);
      return [...(by?.values() ?? [])].flatMap((claim) =>
        owner === undefined || claim === owner
          ? []
          : [lostTo(owner, claim, `${claim.balancer.protocol} ${claim.vip}`)],
      );
    });
  }

  /** What one service claims of one place from now on; returns whose virtual address it was and may be now. */
  private claim(place: string, service: string, claim: Claim | undefined): VipId[] {
    const by = this.claims.get(place) ?? new Map<string, Claim>();
    const before = [...by.values()];
    if (claim === undefined) by.delete(service);
    else by.set(service, claim);
    if (by.size === 0) this.claims.delete(place);
    else this.claims.set(place, by);
    if (by.size > 1) this.contested.add(place);
    else this.contested.delete(place);
    const concerned = [...before, ...by.values()];
    return [...new Map(concerned.map((one) => [balancerText(one.balancer), one])).values()];
  }
}

function winner(claims: ReadonlyMap<string, Claim> | undefined): Claim | undefined {
  return oldest(claims?.values() ?? []);
}

/** What only one can have, whichever row it is in. */
function placeOf({ balancer: { scope, protocol }, vip }: VipId): string {
  return `${scope === 'cluster' ? '' : scope.gateway} ${protocol} ${vip}`;
}

/** A load balancer as text: equal for equal ones. */
export function balancerText({ scope, protocol, service = '', options = {} }: Balancer): string {
  return JSON.stringify([
    scope === 'cluster' ? '' : scope.gateway,
    protocol,
    service,
    Object.entries(options).sort(),
  ]);
}
