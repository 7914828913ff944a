import type { V1Service } from '@kubernetes/client-node';
import type { NodePort } from '../demux/state.js';
import type { IpAddress } from '../net/ip.js';
import { type Claim, NO_CLAIMS, nodePortName, readService, type ServiceClaims } from './services.js';

/** A service that claims something. */
interface Claimant {
  readonly key: string;
  /** In milliseconds: of two that claim the same the older has it. */
  readonly born: number;
  readonly claims: readonly Claim[];
}

/**
 * Which service claims what, kept as services come and go. A change of a service costs what that service claims. Of
 * two that claim the same the older keeps it, of the same second the first by name; a service that cannot be read
 * claims nothing, and is named.
 */
export class ClaimBook {
  private readonly claimants = new Map<string, Claimant>();
  private readonly unreadable = new Map<string, string>();
  /** Who claims a name, in no order. */
  private readonly byName = new Map<string, readonly Claimant[]>();
  private readonly contested = new Set<string>();
  /** How many claims there are to ports of an address. */
  private readonly addresses = new Map<IpAddress, number>();
  private made = NO_CLAIMS;
  private nodePortChanges = new Map<string, NodePort | undefined>();
  private addressChanges = new Map<string, IpAddress | undefined>();

  /** Takes what a service is now; `undefined`: there is none any more. */
  put(key: string, service: V1Service | undefined): void {
    for (const claim of this.claimants.get(key)?.claims ?? []) this.release(claim, key);
    const { claims, problem } = service === undefined ? { claims: [] } : readService(service);
    const born = new Date(service?.metadata?.creationTimestamp ?? 0).getTime();
    const claimant = { key, born, claims: [...new Map(claims.map((one) => [one.name, one])).values()] };
    for (const claim of claimant.claims) this.take(claim, claimant);
    setOrDelete(this.claimants, key, claims.length === 0 ? undefined : claimant);
    setOrDelete(this.unreadable, key, problem);
  }

  /** All that is claimed; shares with what this was before what has not changed. */
  get claims(): ServiceClaims {
    this.made = {
      nodePorts: this.made.nodePorts.with(this.nodePortChanges),
      served: this.made.served.with(this.addressChanges),
    };
    this.nodePortChanges = new Map();
    this.addressChanges = new Map();
    return this.made;
  }

  /** What is wrong with some services: each one line that names the service. */
  get problems(): readonly string[] {
    const conflicts = [...this.contested].flatMap((name) => {
      const [owner, ...others] = [...(this.byName.get(name) ?? [])].sort(byAge);
      return others.map(
        ({ key }) => `Service ${key}: ${name} is that of Service ${owner?.key}, which is older`,
      );
    });
    return [...conflicts, ...[...this.unreadable].map(([key, problem]) => `Service ${key}: ${problem}`)];
  }

  private take(claim: Claim, claimant: Claimant): void {
    this.setClaimants(claim, [...(this.byName.get(claim.name) ?? []), claimant]);
    if ('address' in claim) this.count(claim.address, +1);
  }

  private release(claim: Claim, key: string): void {
    this.setClaimants(
      claim,
      (this.byName.get(claim.name) ?? []).filter((one) => one.key !== key),
    );
    if ('address' in claim) this.count(claim.address, -1);
  }

  private setClaimants(claim: Claim, claimants: readonly Claimant[]): void {
    setOrDelete(this.byName, claim.name, claimants.length === 0 ? undefined : claimants);
    if (claimants.length > 1) this.contested.add(claim.name);
    else this.contested.delete(claim.name);
    if ('nodePort' in claim)
      this.nodePortChanges.set(
        nodePortName(claim.nodePort),
        claimants.length === 0 ? undefined : claim.nodePort,
      );
  }

  private count(address: IpAddress, by: number): void {
    const count = (this.addresses.get(address) ?? 0) + by;
    setOrDelete(this.addresses, address, count === 0 ? undefined : count);
    this.addressChanges.set(address, count === 0 ? undefined : address);
  }
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function byAge(a: Claimant, b: Claimant): number {
  return a.born - b.born || (a.key < b.key ? -1 : 1);
}
