import type { IpAddress } from '../net/ip.js';
import type { Service } from './kinds.js';
import { clusterAddresses, externalAddresses } from './service.js';

interface Addresses {
  readonly cluster: readonly IpAddress[];
  readonly external: readonly IpAddress[];
}

const NOTHING: readonly IpAddress[] = [];
const NONE: Addresses = { cluster: NOTHING, external: NOTHING };

/** Which services have which cluster addresses, and which want which external addresses. */
export class AddressBook {
  private readonly services = new Map<string, Addresses>();
  private readonly cluster = new Map<string, Set<string>>();
  private readonly external = new Map<string, Set<string>>();

  /**
   * Replaces a service; `undefined` removes it.
   * @returns the external addresses that it concerns: those that it wanted or wants, and those that other services want
   *   and that are its cluster addresses
   */
  put(key: string, service: Service | undefined): readonly IpAddress[] {
    const before = this.services.get(key) ?? NONE;
    const after = service === undefined ? NONE : readAddresses(service);
    if (isSame(before.cluster, after.cluster) && isSame(before.external, after.external))
      return this.concerned(before, NONE);
    for (const ip of before.cluster) remove(this.cluster, ip, key);
    for (const ip of before.external) remove(this.external, ip, key);
    for (const ip of after.cluster) add(this.cluster, ip, key);
    for (const ip of after.external) add(this.external, ip, key);
    if (after.cluster.length + after.external.length === 0) this.services.delete(key);
    else this.services.set(key, after);
    return this.concerned(before, after);
  }

  private concerned(before: Addresses, after: Addresses): readonly IpAddress[] {
    const found = new Set<IpAddress>();
    for (const { cluster, external } of [before, after]) {
      for (const ip of external) found.add(ip);
      for (const ip of cluster) if (this.external.has(ip)) found.add(ip);
    }
    return found.size === 0 ? NOTHING : [...found];
  }

  /** Returns why a service has `ip` in the cluster, as in "it is …"; `undefined` if none has. */
  refusal(ip: IpAddress): string | undefined {
    const [owner] = this.cluster.get(ip) ?? [];
    return owner === undefined ? undefined : `it is the cluster address of Service ${owner}`;
  }

  /** Returns the services that want `ip` outside of the cluster. */
  wanting(ip: string): ReadonlySet<string> {
    return this.external.get(ip) ?? new Set();
  }
}

/** Reads the addresses of a service. What makes no sense counts as none; such a service is left out. */
function readAddresses(service: Service): Addresses {
  return {
    cluster: orNone(() => clusterAddresses(service)),
    external: orNone(() => externalAddresses(service)),
  };
}

function orNone(read: () => readonly IpAddress[]): readonly IpAddress[] {
  try {
    return read();
  } catch {
    return [];
  }
}

function isSame(one: readonly IpAddress[], other: readonly IpAddress[]): boolean {
  return one.length === other.length && one.every((ip, i) => ip === other[i]);
}

function add(sets: Map<string, Set<string>>, ip: string, key: string): void {
  const set = sets.get(ip) ?? new Set();
  sets.set(ip, set.add(key));
}

function remove(sets: Map<string, Set<string>>, ip: string, key: string): void {
  const set = sets.get(ip);
  set?.delete(key);
  if (set?.size === 0) sets.delete(ip);
}
