import { type Cidr, formatCidr, isHost, networkOf, nthAddress, parseCidr } from './cidr.js';
import { type Family, familyOf, type IpAddress, parseIp } from './ip.js';

/** A network, or a single address, that has an owner. */
export interface Claim {
  readonly network: Cidr;
  /** What an address of the network is, as in "it is …": `an address of node m`. */
  readonly what: string;
}

/** Returns the claim on a single address. */
export function claimOf(address: IpAddress, what: string): Claim {
  const family = familyOf(address);
  return { network: { address, prefix: family === 4 ? 32 : 128, family }, what };
}

/** Returns the claim on an address given as text; none for a text that is not an address. */
export function claimOfText(text: string, what: string): readonly Claim[] {
  try {
    return [claimOf(parseIp(text), what)];
  } catch {
    return [];
  }
}

/** Returns the claims on the addresses of a network that no host can have: its first, and in IPv4 its last. */
export function networkClaims(cidr: Cidr): Claim[] {
  const first = networkOf(cidr).address;
  const last = cidr.family === 4 && cidr.prefix < 31 ? [nthAddress(cidr, 2 ** (32 - cidr.prefix) - 1)] : [];
  return [first, ...last]
    .filter((address) => !isHost({ ...cidr, address }))
    .map((address) => claimOf(address, `no host's address in ${formatCidr(networkOf(cidr))}`));
}

/** Parses `ADDRESS/PREFIX`, or an address alone; `undefined` for any other text. */
export function cidrOrUndefined(text: string): Cidr | undefined {
  try {
    return text.includes('/') ? parseCidr(text) : claimOf(parseIp(text), '').network;
  } catch {
    return undefined;
  }
}

/** Many claims, in which one address is looked up at the cost of one look-up for each prefix length. */
export class Claims {
  /** By family and prefix length, the longest prefix first; then by the network's address. */
  private readonly lengths: readonly (readonly [Family, number, ReadonlyMap<string, string>])[];

  constructor(claims: Iterable<Claim>) {
    const lengths = new Map<string, [Family, number, Map<string, string>]>();
    for (const { network, what } of claims) {
      const { family, prefix } = network;
      const key = `${family} ${prefix}`;
      const length = lengths.get(key) ?? [family, prefix, new Map<string, string>()];
      lengths.set(key, length);
      const { address } = networkOf(network);
      // The first claim on a network names it.
      if (!length[2].has(address)) length[2].set(address, what);
    }
    this.lengths = [...lengths.values()].sort(([, a], [, b]) => b - a);
  }

  /** Returns what `ip` is, by the smallest claimed network that contains it; `undefined` if nobody claims it. */
  whatIs(ip: IpAddress): string | undefined {
    const own = familyOf(ip);
    for (const [family, prefix, networks] of this.lengths) {
      if (family !== own) continue;
      const what = networks.get(networkOf({ address: ip, prefix, family }).address);
      if (what !== undefined) return what;
    }
    return undefined;
  }
}
