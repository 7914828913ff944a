import type { Balancer, Vip } from './vips.js';

/** One virtual address of one load balancer. */
export interface VipId {
  readonly balancer: Balancer;
  readonly vip: string;
}

interface Claim {
  readonly service: string;
  /** Of the service, in milliseconds: of two that claim the same the older has it. */
  readonly born: number;
  readonly targets: string;
}

/** Which service has which virtual address. A change of a service costs what that service claims. */
export class VipClaims {
  private readonly claims = new Map<string, { readonly id: VipId; readonly by: Map<string, Claim> }>();
  private readonly ofService = new Map<string, readonly string[]>();

  /** Takes all that a service claims now; returns the virtual addresses that may have changed. */
  put(service: string, born: number, vips: readonly Vip[]): VipId[] {
    const fresh = new Map(vips.map((one) => [textOf(one), one]));
    const touched = new Map<string, VipId>();
    for (const text of this.ofService.get(service) ?? []) {
      const claimed = this.claims.get(text);
      if (claimed === undefined || fresh.has(text)) continue;
      claimed.by.delete(service);
      if (claimed.by.size === 0) this.claims.delete(text);
      touched.set(text, claimed.id);
    }
    for (const [text, { balancer, vip, targets }] of fresh) {
      const claimed = this.claims.get(text) ?? { id: { balancer, vip }, by: new Map<string, Claim>() };
      this.claims.set(text, claimed);
      claimed.by.set(service, { service, born, targets });
      touched.set(text, claimed.id);
    }
    this.ofService.set(service, [...fresh.keys()]);
    if (fresh.size === 0) this.ofService.delete(service);
    return [...touched.values()];
  }

  /** Where the traffic of a virtual address goes; `undefined` when nobody claims it. */
  targets(id: VipId): string | undefined {
    return winner(this.claims.get(textOf(id))?.by)?.targets;
  }

  get all(): VipId[] {
    return [...this.claims.values()].map(({ id }) => id);
  }

  get services(): string[] {
    return [...this.ofService.keys()];
  }

  /** Services that do not have what they claim, each one line. */
  get conflicts(): string[] {
    return [...this.claims.values()].flatMap(({ id, by }) => {
      const owner = winner(by);
      return [...by.values()]
        .filter((claim) => claim !== owner)
        .map(
          ({ service }) =>
            `Service ${service}: ${id.balancer.protocol} ${id.vip} is that of Service ${owner?.service}, which is older`,
        );
    });
  }
}

function winner(claims: ReadonlyMap<string, Claim> | undefined): Claim | undefined {
  let best: Claim | undefined;
  for (const claim of claims?.values() ?? [])
    if (
      best === undefined ||
      claim.born < best.born ||
      (claim.born === best.born && claim.service < best.service)
    )
      best = claim;
  return best;
}

/** Rows of a service's own are apart: whoever else has the same address has it in another row. */
function textOf({ balancer, vip }: VipId): string {
  return `${balancerText(balancer)} ${vip}`;
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
