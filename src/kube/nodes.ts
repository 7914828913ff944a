import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import type { Source } from '../daemon/source.js';
import { type Claim, claimOfText } from '../net/claims.js';
import type { KubeApi } from './api.js';
import { NODE, type Node } from './kinds.js';
import { keyOf } from './objects.js';
import { Reflector } from './reflector.js';

/** The path of the nodes, which is also the owner of their problem. */
export const NODES = '/api/v1/nodes';

export interface NodeSourceOptions {
  readonly api: KubeApi;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
  /** Called when an address of a node was added or deleted, and when the first list is complete. */
  readonly changed: () => void;
}

/** Follows the addresses of the cluster's nodes. Keeps the last known ones while the server is away. */
export class NodeSource implements Source {
  private readonly reflector: Reflector<Node>;
  private known: readonly Claim[] = [];
  private isRead = true;

  constructor({ api, log, problems, changed }: NodeSourceOptions) {
    const texts = new Map<string, string>();
    const reflector: Reflector<Node> = new Reflector({
      api,
      path: NODES,
      shape: NODE,
      log,
      problems,
      changed: (key) => {
        const node = reflector.objects.get(key);
        const text = JSON.stringify(node?.status);
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

  /** The claims on the nodes' addresses; the same list until one changes. */
  get claims(): readonly Claim[] {
    if (!this.isRead) {
      this.isRead = true;
      this.known = [...this.reflector.objects.values()].flatMap(nodeClaims);
    }
    return this.known;
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
