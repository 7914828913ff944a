import { type Cidr, contains } from '../net/cidr.js';
import { type Claim, Claims } from '../net/claims.js';
import type { IpAddress } from '../net/ip.js';
import { specialUse } from '../net/special_use.js';
import { formatExternalIpCidrs } from './external_ip_cidrs.js';

/** What is known about addresses that a service must not take. */
export interface GuardFacts {
  /** Addresses and networks that have an owner. */
  readonly claims: Iterable<Claim>;
  /** The only networks whose addresses may be served (`--external-ip-cidrs`); `undefined` for no such limit. */
  readonly allowed: readonly Cidr[] | undefined;
}

/**
 * Decides whether an address may be served because a service wants it. Whoever may write a Service chooses its external
 * addresses, so a service never gets an address that is somebody's. The helper and the watcher use the same guard.
 */
export class AddressGuard {
  private readonly claims: Claims;
  private readonly allowed: readonly Cidr[] | undefined;

  constructor({ claims, allowed }: GuardFacts) {
    this.claims = new Claims(claims);
    this.allowed = allowed;
  }

  /** Returns why `ip` is not served, as in "it is loopback"; `undefined` if it may be served. */
  refusal(ip: IpAddress): string | undefined {
    const what = specialUse(ip) ?? this.claims.whatIs(ip);
    return what === undefined ? this.narrowing(ip) : `it is ${what}`;
  }

  /** Returns why the limit on external addresses excludes `ip`; `undefined` if it does not. */
  narrowing(ip: IpAddress): string | undefined {
    const { allowed } = this;
    if (allowed === undefined || allowed.some((network) => contains(network, ip))) return undefined;
    return `external-ip-cidrs is ${formatExternalIpCidrs(allowed)}`;
  }
}
