import type { NodePort, RestrictedPort } from '../demux/state.js';
import { AddressBook } from '../kube/address_book.js';
import type { Service } from '../kube/kinds.js';
import { refusalLines } from '../kube/refusals.js';
import { bornAt, type Contender, lostTo, oldest } from '../kube/seniority.js';
import type { IpAddress } from '../net/ip.js';
import { type ExposedPort, readService } from './state_exposed_ports.js';
import { type Exposure, NOTHING_EXPOSED, nodePortKey, restrictedKey } from './state_exposure.js';
import type { OwnPort } from './state_own_ports.js';

/** A service that exposes something. */
interface Entry extends Contender {
  readonly exposed: readonly ExposedPort[];
}

/** A service that wants a port. */
interface Wish extends Contender {
  readonly port: ExposedPort;
}

/**
 * Which service exposes what. A change of one service costs what that service exposes, however many services there
 * are. A port that two services want belongs to the older one; a service that cannot be read exposes nothing, and is
 * named.
 */
export class ServiceBook {
  private readonly entries = new Map<string, Entry>();
  private readonly unreadable = new Map<string, string>();
  /** The node ports that services want and nobody gets, by service. */
  private readonly refused = new Map<string, readonly string[]>();
  private readonly book = new AddressBook();
  /** The external addresses that other services have in the cluster. */
  private readonly taken = new Set<IpAddress>();
  /** The services that want a port, by the port's name. */
  private readonly byName = new Map<string, readonly Wish[]>();
  private readonly contested = new Set<string>();
  /** How many ports of an address services want. */
  private readonly addresses = new Map<IpAddress, number>();
  private last = NOTHING_EXPOSED;
  private changes = 0;
  private nodePortChanges = new Map<string, NodePort | undefined>();
  private addressChanges = new Map<string, IpAddress | undefined>();
  private restrictedChanges = new Map<string, RestrictedPort | undefined>();

  /** Replaces a service by its current version; `undefined` removes it. */
  put(key: string, service: Service | undefined): void {
    for (const port of this.entries.get(key)?.exposed ?? []) this.release(port, key);
    const { exposed, refused, problem } =
      service === undefined ? { exposed: [], refused: [] } : readService(service);
    const entry = { service: key, born: bornAt(service), exposed };
    for (const port of exposed) this.claim(port, entry);
    setOrDelete(this.entries, key, exposed.length === 0 ? undefined : entry);
    setOrDelete(this.unreadable, key, problem);
    setOrDelete(this.refused, key, refused.length === 0 ? undefined : refused);
    for (const address of this.book.put(key, service)) this.decide(address);
    this.changes++;
  }

  /** Counts the changes of services. */
  get revision(): number {
    return this.changes;
  }

  /** Returns the ports that services want at one of these addresses, each for the oldest service that wants it. */
  portsAt(addresses: readonly IpAddress[]): OwnPort[] {
    return addresses.flatMap((address) =>
      [...this.book.wanting(address)].flatMap((service) =>
        (this.entries.get(service)?.exposed ?? []).flatMap((one) =>
          one.address === address && this.owner(one.name)?.service === service
            ? [{ kind: 'Service', owner: service, address, port: one.port }]
            : [],
        ),
      ),
    );
  }

  /** Returns the services that want an address. */
  wanting(address: IpAddress): readonly string[] {
    return [...this.book.wanting(address)].filter((service) => this.entries.has(service));
  }

  /** Yields the addresses that services want and other services have in the cluster, with that reason. */
  *clusterRefusals(): Generator<readonly [IpAddress, string]> {
    for (const ip of this.taken) yield [ip, this.book.refusal(ip) ?? ''];
  }

  /**
   * Applies what was put since the last call, and returns all that is exposed. The result shares its unchanged parts
   * with the last one, so that comparing the two costs only what changed.
   */
  take(): Exposure {
    this.last = {
      nodePorts: this.last.nodePorts.with(this.nodePortChanges),
      served: this.last.served.with(this.addressChanges),
      restricted: this.last.restricted.with(this.restrictedChanges),
    };
    this.nodePortChanges = new Map();
    this.addressChanges = new Map();
    this.restrictedChanges = new Map();
    return this.last;
  }

  /** Lines for each service that lost a conflict with another one, or that is invalid. */
  get problems(): readonly string[] {
    const lost = new Map<string, string[]>();
    for (const name of this.contested) {
      const contenders = this.byName.get(name) ?? [];
      const owner = oldest(contenders);
      for (const one of contenders) {
        if (owner === undefined || one === owner) continue;
        const names = lost.get(one.service) ?? [];
        names.push(name);
        lost.set(one.service, names);
      }
    }
    return [
      ...[...lost].flatMap(([key, names]) => refusalLines(key, this.whyLost(names), names.length)),
      ...[...this.unreadable].map(([key, problem]) => `Service ${key}: ${problem}`),
      ...[...this.refused].flatMap(([key, refused]) => refusalLines(key, refused, refused.length)),
    ];
  }

  private *whyLost(names: readonly string[]): Generator<string> {
    for (const name of names) {
      const owner = this.owner(name);
      if (owner !== undefined) yield lostTo(owner, name);
    }
  }

  private owner(name: string): Wish | undefined {
    return oldest(this.byName.get(name) ?? []);
  }

  private claim(port: ExposedPort, { service, born }: Entry): void {
    this.setContenders(port, [...(this.byName.get(port.name) ?? []), { service, born, port }]);
    if (port.address !== undefined) this.count(port.address, +1);
  }

  private release(port: ExposedPort, key: string): void {
    const others = (this.byName.get(port.name) ?? []).filter(({ service }) => service !== key);
    this.setContenders(port, others);
    if (port.address !== undefined) this.count(port.address, -1);
  }

  private setContenders({ name, port, address }: ExposedPort, contenders: readonly Wish[]): void {
    setOrDelete(this.byName, name, contenders.length === 0 ? undefined : contenders);
    if (contenders.length > 1) this.contested.add(name);
    else this.contested.delete(name);
    // The clients are those of the service that has the port.
    const owned = this.owner(name)?.port.port;
    if (address === undefined) {
      this.nodePortChanges.set(nodePortKey(port), owned);
      return;
    }
    const one = { address, protocol: port.protocol, port: port.port };
    const sources = owned?.sources;
    this.restrictedChanges.set(restrictedKey(one), sources && { ...one, sources });
  }

  private count(address: IpAddress, by: number): void {
    const count = (this.addresses.get(address) ?? 0) + by;
    setOrDelete(this.addresses, address, count === 0 ? undefined : count);
    this.decide(address);
  }

  /** Decides whether an address is exposed, after a change of a service that wants it or has it in the cluster. */
  private decide(address: IpAddress): void {
    const isWanted = this.addresses.has(address);
    const isTaken = isWanted && this.book.refusal(address) !== undefined;
    if (isTaken) this.taken.add(address);
    else this.taken.delete(address);
    this.addressChanges.set(address, isWanted && !isTaken ? address : undefined);
  }
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
