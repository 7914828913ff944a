import type { Target } from '../host/conntrack.js';
import { FAMILIES, familyOf } from '../net/ip.js';
import { type SetName, type Sets, setOf } from './desired_sets.js';
import type { ElementChange } from './state_claims.js';

/** Maps with an address in their keys: `ADDRESS udp PORT`. */
const AT_ADDRESS = mapsOf('external', 'external_local', 'host_port_at');
/** Maps of all addresses of hosts: `udp PORT`. */
const AT_HOSTS = mapsOf('node_port', 'node_port_local', 'host_port');
/** Sets of addresses of hosts. */
const HOSTS = mapsOf('own', 'answering', 'nodes');

/**
 * The targets of UDP whose translation changed. The kernel translates by the first packet of a conversation, so the
 * entries of these targets must go.
 */
export class ChangedTranslations {
  /** `ADDRESS PORT`. */
  private readonly targets = new Set<string>();
  /** Ports of all addresses of hosts. */
  private readonly ports = new Set<number>();
  /** Addresses of hosts, at all their ports that are translated. */
  private readonly addresses = new Set<string>();

  add(changes: readonly ElementChange[]): void {
    for (const { set, key } of changes) {
      const words = key.split(' ');
      const port = words.at(-1) ?? '';
      if (HOSTS.has(set)) this.addresses.add(key);
      else if (words.at(-2) !== 'udp') continue;
      else if (AT_HOSTS.has(set)) this.ports.add(Number(port));
      else if (AT_ADDRESS.has(set)) this.targets.add(`${words[0]} ${port}`);
    }
  }

  /** Returns whether a target of UDP can have changed, with the elements that there are now. */
  mayHave(sets: Sets): boolean {
    if (this.targets.size + this.ports.size > 0) return true;
    const isTranslated = (set: string) =>
      [...(sets.get(set)?.keys() ?? [])].some((key) => key.startsWith('udp '));
    return this.addresses.size > 0 && [...AT_HOSTS].some(isTranslated);
  }

  /** Returns whether the translation of a target changed, with the elements that there are now. */
  has({ address, port }: Target, sets: Sets): boolean {
    if (this.targets.has(`${address} ${port}`)) return true;
    const family = familyOf(address);
    const isHost = (name: SetName) => sets.get(setOf(name, family))?.has(address) === true;
    const isPort = (set: string) => sets.get(set)?.has(`udp ${port}`) === true;
    const isNew = this.addresses.has(address);
    return this.ports.has(port)
      ? isNew || (['own', 'nodes'] as const).some(isHost)
      : isNew && [...AT_HOSTS].some(isPort);
  }

  clear(): void {
    for (const one of [this.targets, this.ports, this.addresses]) one.clear();
  }
}

function mapsOf(...names: readonly SetName[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => FAMILIES.map((family) => setOf(name, family))));
}
