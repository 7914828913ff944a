import { type HostPort, podHostPorts } from '../kube/host_ports.js';
import type { Pod } from '../kube/kinds.js';
import { explainError } from '../net/errors.js';
import type { IpAddress } from '../net/ip.js';
import type { OwnPort } from './state_own_ports.js';

/** The most pods with host ports that are read: a node has 110 pods by default (kubelet, `maxPods`). */
const MOST_PODS = 5_000;

/** The host ports of the node's own pods. */
export class HostPortBook {
  private readonly pods = new Map<string, readonly HostPort[]>();
  private readonly unreadable = new Map<string, string>();
  private changes = 0;

  /** Replaces a pod; `undefined` removes it. Returns whether its host ports are others than before. */
  put(key: string, pod: Pod | undefined): boolean {
    const before = JSON.stringify([this.pods.get(key), this.unreadable.get(key)]);
    this.pods.delete(key);
    this.unreadable.delete(key);
    try {
      const ports = pod === undefined ? [] : podHostPorts(pod);
      if (ports.length > 0 && this.pods.size < MOST_PODS) this.pods.set(key, ports);
    } catch (error) {
      this.unreadable.set(key, `Pod ${key}: ${explainError(error)}; it has no host ports`);
    }
    const isChanged = JSON.stringify([this.pods.get(key), this.unreadable.get(key)]) !== before;
    if (isChanged) this.changes++;
    return isChanged;
  }

  /** Counts the changes of host ports. */
  get revision(): number {
    return this.changes;
  }

  /** One line for each pod whose ports cannot be read. */
  get problems(): readonly string[] {
    return [...this.unreadable.values()];
  }

  /**
   * Returns the ports of `addresses`, the gateway's own, that pods want. A port of another address of the host is not
   * among them: its packets go to the host, which knows its pods itself.
   */
  portsAt(addresses: readonly IpAddress[]): OwnPort[] {
    return [...this.pods].flatMap(([owner, ports]) =>
      ports.flatMap(({ protocol, hostPort, hostIp }) =>
        addresses
          .filter((address) => hostIp === undefined || address === hostIp)
          .map(
            (address): OwnPort => ({
              ...{ kind: 'Pod', owner, address },
              port: { protocol, port: hostPort, at: [address] },
            }),
          ),
      ),
    );
  }
}
