import type { Log } from '../../daemon/log.js';
import type { Problems } from '../../daemon/problems.js';
import type { Source } from '../../daemon/source.js';
import type { KubeApi } from '../../kube/api.js';
import type { Pod } from '../../kube/kinds.js';
import { PODS, podsOfNode } from '../../kube/node_pods.js';
import type { Reflector } from '../../kube/reflector.js';
import { followSetting, type SystemSettings } from '../../switch/system_settings.js';
import { HostPortBook } from '../state_host_ports.js';

export interface HostPodSourceOptions {
  readonly api: KubeApi;
  readonly settings: SystemSettings;
  /** Returns the name of this node; `undefined` before `gateway-init`. */
  readonly node: () => string | undefined;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
  /** Called when a host port was added or deleted, and after each list. */
  readonly changed: () => void;
}

/** Follows the host ports of the node's own pods. Keeps the last known ones while the server is away. */
export class HostPodSource implements Source {
  private reflector: Reflector<Pod> | undefined;
  private hostPorts = new HostPortBook();

  constructor(private readonly options: HostPodSourceOptions) {}

  /** The host ports, as far as they are known. */
  get book(): HostPortBook {
    return this.hostPorts;
  }

  /**
   * Whether the pods were listed, or may not be: then there are none. After any other failure the ports in place stay,
   * because the next list may have them.
   */
  get isKnown(): boolean {
    if (this.options.node() === undefined) return true;
    return this.reflector !== undefined && (this.reflector.hasSynced || this.reflector.isRefused);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { settings, node } = this.options;
    await followSetting(settings, node, (name, over) => this.follow(name, over), signal);
  }

  private async follow(node: string | undefined, signal: AbortSignal): Promise<void> {
    const { api, log, problems, changed } = this.options;
    const book = new HostPortBook();
    this.hostPorts = book;
    this.reflector =
      node === undefined
        ? undefined
        : podsOfNode(node, {
            ...{ api, log, problems },
            changed: (key, pod) => {
              if (book.put(key, pod)) changed();
            },
            listed: changed,
          });
    changed();
    await this.reflector?.run(signal);
    problems.set(PODS, []);
  }
}
