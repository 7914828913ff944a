import { Kept } from '../daemon/kept.js';
import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import type { Source } from '../daemon/source.js';
import { type Claim, claimOfText } from '../net/claims.js';
import type { KubeApi } from './api.js';
import { NODE, type Node, ZONE_LABEL } from './kinds.js';
import { keyOf } from './objects.js';
import { Reflector } from './reflector.js';

/** The path of the nodes, which is also the owner of their problem. */
export const NODES = '/api/v1/nodes';

export interface NodeSourceOptions {
  readonly api: KubeApi;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
  /** Called when an address or the zone of a node was changed, after each list, and when {@link NodeSource.problem} changes. */
  readonly changed: () => void;
}

/** Follows the addresses and zones of the cluster's nodes. Keeps the last known ones while the server is away. */
export class NodeSource implements Source {
  private readonly reflector: Reflector<Node>;
  private readonly known = new Kept<readonly Claim[]>([]);
  private readonly knownZones = new Kept<ReadonlyMap<string, string>>(new Map());
  private isRead = true;

  constructor({ api, log, problems, changed }: NodeSourceOptions) {
    const texts = new Map<string, string>();
    const reflector: Reflector<Node> = new Reflector({
      api,
      path: NODES,
      shape: NODE,
      log,
      problems: {
        set: (owner, texts) => {
          problems.set(owner, texts);
          changed();
        },
      },
      changed: (key) => {
        const node = reflector.objects.get(key);
        const text = JSON.stringify([node?.status, node?.metadata?.labels]);
        // A kubelet writes its Node every few seconds, mostly with the same addresses.
        if (texts.get(key) === text) return;
        if (node === undefined) texts.delete(key);
        else texts.set(key, text);
        this.isRead = false;
        changed();
      },
      listed: changed,
    });
    this.reflector = reflector;
  }

  /** Whether the first list is complete. */
  get hasSynced(): boolean {
    return this.reflector.hasSynced;
  }

  /** Why the server does not answer now; `undefined` while it does. */
  get problem(): string | undefined {
    return this.reflector.problem;
  }

  /** Whether the nodes may be known in a moment: the server has neither listed nor refused them yet. */
  get isPending(): boolean {
    return !this.hasSynced && this.problem === undefined;
  }

  /** The claims on the nodes' addresses; the same list until one changes. */
  get claims(): readonly Claim[] {
    this.read();
    return this.known.value;
  }

  /** The zone of each node that has one; the same map until one changes. */
  get zones(): ReadonlyMap<string, string> {
    this.read();
    return this.knownZones.value;
  }

  private read(): void {
    if (this.isRead) return;
    this.isRead = true;
    const { objects } = this.reflector;
    this.known.keep([...objects.values()].flatMap(nodeClaims));
    const zones = [...objects].flatMap(([key, { metadata }]) => {
      const zone = metadata?.labels?.[ZONE_LABEL];
      return zone === undefined ? [] : [[key, zone] as const];
    });
    this.knownZones.keep(new Map(zones));
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.reflector.run(signal);
  }
}

/** Returns the claims on a node's addresses. Its names, which are in the same list, are left out. */
export function nodeClaims(node: Node): readonly Claim[] {
  const what = `an address of node ${keyOf(node)}`;
  const addresses = node.status?.addresses ?? [];
  return addresses.flatMap(({ address }) => (address === undefined ? [] : claimOfText(address, what)));
}
