import type { V1Service } from '@kubernetes/client-node';
import type { NodePort } from '../demux/state.js';
import { bornAt, type Contender, lostTo, oldest } from '../kube/seniority.js';
import type { IpAddress } from '../net/ip.js';
import { type ExposedPort, readService } from './state_exposed_ports.js';
import { type Exposure, NOTHING_EXPOSED, nodePortKey } from './state_exposure.js';

/** A service that exposes something. */
interface Entry extends Contender {
  readonly exposed: readonly ExposedPort[];
}

/**
 * Which service exposes what. A change of one service costs what that service exposes, however many services there
 * are. A port that two services want belongs to the older one; a service that cannot be read exposes nothing, and is
 * named.
 */
export class ServiceBook {
  private readonly entries = new Map<string, Entry>();
  private readonly unreadable = new Map<string, string>();
  /** The services that want a port, by the port's name. */
  private readonly byName = new Map<string, readonly Entry[]>();
  private readonly contested = new Set<string>();
  /** How many ports of an address are exposed. */
  private readonly addresses = new Map<IpAddress, number>();
  private taken = NOTHING_EXPOSED;
  private nodePortChanges = new Map<string, NodePort | undefined>();
  private addressChanges = new Map<string, IpAddress | undefined>();

  /** Replaces a service by its current version; `undefined` removes it. */
  put(key: string, service: V1Service | undefined): void {
    for (const port of this.entries.get(key)?.exposed ?? []) this.release(port, key);
    const { exposed, problem } = service === undefined ? { exposed: [] } : readService(service);
    const entry = { service: key, born: bornAt(service), exposed };
    for (const port of exposed) this.claim(port, entry);
    setOrDelete(this.entries, key, exposed.length === 0 ? undefined : entry);
    setOrDelete(this.unreadable, key, problem);
  }

  /**
   * Applies what was put since the last call, and returns all that is exposed. The result shares its unchanged parts
   * with the last one, so that comparing the two costs only what changed.
   */
  take(): Exposure {
    this.taken = {
      nodePorts: this.taken.nodePorts.with(this.nodePortChanges),
      served: this.taken.served.with(this.addressChanges),
    };
    this.nodePortChanges = new Map();
    this.addressChanges = new Map();
    return this.taken;
  }

  /** One line for each service that lost a conflict with another one, or that is invalid. */
  get problems(): readonly string[] {
    const conflicts = [...this.contested].flatMap((name) => {
      const contenders = this.byName.get(name) ?? [];
      const owner = oldest(contenders);
      return contenders.flatMap((one) =>
        owner === undefined || one === owner ? [] : [lostTo(owner, one, name)],
      );
    });
    return [...conflicts, ...[...this.unreadable].map(([key, problem]) => `Service ${key}: ${problem}`)];
  }

  private claim(port: ExposedPort, entry: Entry): void {
    this.setContenders(port, [...(this.byName.get(port.name) ?? []), entry]);
    if ('address' in port) this.count(port.address, +1);
  }

  private release(port: ExposedPort, key: string): void {
    const others = (this.byName.get(port.name) ?? []).filter(({ service }) => service !== key);
    this.setContenders(port, others);
    if ('address' in port) this.count(port.address, -1);
  }

  private setContenders(port: ExposedPort, contenders: readonly Entry[]): void {
    setOrDelete(this.byName, port.name, contenders.length === 0 ? undefined : contenders);
    if (contenders.length > 1) this.contested.add(port.name);
    else this.contested.delete(port.name);
    if ('nodePort' in port) {
      const { nodePort } = port;
      this.nodePortChanges.set(nodePortKey(nodePort), contenders.length === 0 ? undefined : nodePort);
    }
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
