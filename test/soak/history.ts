import { Random } from '../../lab/random.js';

/** The nodes on which pods come and go. */
export const NODES = ['gw1', 'n1'] as const;
type NodeName = (typeof NODES)[number];

/** The most pods and services at one time. */
const MOST = { pods: 8, services: 20 };
/** One of so many moves is a fault. */
const ONE_FAULT_OF = 12;

export interface ServicePlan {
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly type: 'ClusterIP' | 'NodePort';
  /** Its node port, if it has one. */
  readonly nodePort: number;
  /** The names of the pods that are its endpoints, in order. */
  readonly endpoints: readonly string[];
}

/** What happens at one moment. Services in a move are those that change with it, as they are afterwards. */
export type Move =
  | { readonly do: 'create pod'; readonly pod: string; readonly node: NodeName }
  | { readonly do: 'delete pod'; readonly pod: string; readonly services: readonly ServicePlan[] }
  | { readonly do: 'put service'; readonly services: readonly ServicePlan[] }
  | { readonly do: 'delete service'; readonly service: string }
  | { readonly do: 'fault'; readonly fault: string };

/** The pods and services that exist. */
export class World {
  readonly pods = new Map<string, NodeName>();
  readonly services = new Map<string, ServicePlan>();

  apply(move: Move): void {
    if (move.do === 'create pod') this.pods.set(move.pod, move.node);
    else if (move.do === 'delete pod') this.pods.delete(move.pod);
    else if (move.do === 'delete service') this.services.delete(move.service);
    if ('services' in move) for (const one of move.services) this.services.set(one.name, one);
  }
}

/** A random history. The same seed and faults yield the same moves, however long each takes. */
export class History {
  readonly world = new World();
  private readonly random: Random;
  private made = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Returns the next move, of which `world` already has the result. */
  next(faults: readonly string[]): Move {
    const move = this.draw(faults);
    this.world.apply(move);
    return move;
  }

  private draw(faults: readonly string[]): Move {
    const { random, world } = this;
    const fault = random.below(ONE_FAULT_OF) === 0;
    if (fault && faults.length > 0) return { do: 'fault', fault: random.pick(faults) };
    const kind = random.below(10);
    if (world.pods.size < 2 || (kind < 2 && world.pods.size < MOST.pods)) return this.createPod();
    if (kind < 4 && world.pods.size > 2) return this.deletePod();
    if (kind < 6 && world.services.size < MOST.services) return this.createService();
    if (world.services.size < 2) return this.createService();
    if (kind < 7) return { do: 'delete service', service: random.pick([...world.services.keys()]) };
    return this.changeService();
  }

  private createPod(): Move {
    // Every name is new: a controller's pods never have the name of an earlier one.
    return { do: 'create pod', pod: `pod-${this.number()}`, node: this.random.pick(NODES) };
  }

  private deletePod(): Move {
    const pod = this.random.pick([...this.world.pods.keys()]);
    const services = [...this.world.services.values()]
      .filter(({ endpoints }) => endpoints.includes(pod))
      .map((one) => ({ ...one, endpoints: one.endpoints.filter((name) => name !== pod) }));
    return { do: 'delete pod', pod, services };
  }

  private createService(): Move {
    const number = this.number();
    const service: ServicePlan = {
      name: `service-${number}`,
      protocol: this.random.pick(['TCP', 'UDP']),
      type: this.random.pick(['ClusterIP', 'NodePort']),
      nodePort: 30_100 + (number % 2_000),
      endpoints: this.random.some([...this.world.pods.keys()]),
    };
    return { do: 'put service', services: [service] };
  }

  private changeService(): Move {
    const { random, world } = this;
    const old = random.pick([...world.services.values()]);
    const changed: ServicePlan =
      random.below(4) === 0
        ? { ...old, type: old.type === 'NodePort' ? 'ClusterIP' : 'NodePort' }
        : { ...old, endpoints: random.some([...world.pods.keys()]) };
    return { do: 'put service', services: [changed] };
  }

  private number(): number {
    this.made += 1;
    return this.made;
  }
}
