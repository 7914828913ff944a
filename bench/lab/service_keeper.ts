import { SILENT } from '../../src/daemon/log.js';
import { Problems } from '../../src/daemon/problems.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import type { Endpoint } from '../../src/kube/endpoint_index.js';
import type { Service } from '../../src/kube/kinds.js';
import type { Northbound } from '../../src/ovn/connection.js';
import { NorthboundKeeper } from '../../src/watcher/northbound_keeper.js';
import { NorthboundSource } from '../../src/watcher/sources/northbound.js';
import { Changes } from '../../src/watcher/state_changes.js';

/** Runs the watcher's keeper in this process, on a real northbound database. Services arrive as from a watch. */
export class ServiceKeeper {
  private readonly services = new Map<string, Service>();
  private readonly endpoints = new Map<string, readonly Endpoint[]>();
  private readonly changes = new Changes(() => undefined);
  private readonly stop = new AbortController();
  private readonly keeper: NorthboundKeeper;
  private octets = 0;

  constructor(nb: Northbound) {
    const source = new NorthboundSource(nb, this.changes);
    void source.run(this.stop.signal);
    const guard = new AddressGuard({ claims: [], allowed: undefined });
    this.keeper = new NorthboundKeeper({
      nb: measured(nb, (octets) => {
        this.octets = octets;
      }),
      pods: { hasSynced: true, objects: new Map() },
      services: { hasSynced: true, objects: this.services },
      endpoints: {
        hasSynced: true,
        of: (service) => this.endpoints.get(service) ?? [],
        servicesAt: () => new Set(),
      },
      ports: source.ports,
      balancers: source.balancers,
      changes: this.changes,
      nodes: { hasSynced: true, isPending: false, claims: [], zones: new Map() },
      guard: { guard: () => guard },
      events: { say: () => undefined },
      annotator: { want: () => undefined, forget: () => undefined },
      problems: new Problems(SILENT),
    });
  }

  /** Adds services with two endpoints each, until there are `count`, and commits them. */
  async grow(count: number): Promise<void> {
    for (let number = this.services.size; number < count; number += 1) {
      const name = `service-${number}`;
      this.services.set(`default/${name}`, {
        metadata: { name, namespace: 'default' },
        spec: { clusterIP: `10.96.${number >> 8}.${number & 255}`, ports: [{ protocol: 'TCP', port: 80 }] },
      });
      this.put(number, 1);
    }
    await this.keeper.step();
  }

  /** Changes one endpoint of a service; returns how long its transaction took and how large it was. */
  async change(number: number, host: number): Promise<{ milliseconds: number; octets: number }> {
    this.put(number, host);
    this.octets = 0;
    const began = performance.now();
    await this.keeper.step();
    return { milliseconds: performance.now() - began, octets: this.octets };
  }

  end(): void {
    this.stop.abort();
  }

  private put(number: number, host: number): void {
    const key = `default/service-${number}`;
    this.endpoints.set(key, [endpoint(number, host), endpoint(number, 200)]);
    this.changes.markService(key);
  }
}

function endpoint(number: number, host: number): Endpoint {
  const ip = `10.244.${number % 16}.${host}`;
  return { ip, port: 8080, portName: '', protocol: 'TCP', node: undefined, state: 'ready' };
}

/** Returns the database with transactions that report the size of their text before they are committed. */
function measured(nb: Northbound, report: (octets: number) => void): Northbound {
  return new Proxy(nb, {
    get(target, name) {
      if (name !== 'transaction') {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return (comment: string) => {
        const txn = target.transaction(comment);
        const commit = txn.commit.bind(txn);
        txn.commit = (options) => {
          report(Buffer.byteLength(txn.toString()));
          return commit(options);
        };
        return txn;
      };
    },
  });
}
