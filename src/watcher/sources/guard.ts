import type { Log } from '../../daemon/log.js';
import { Memo } from '../../daemon/memo.js';
import type { Problems } from '../../daemon/problems.js';
import type { Source } from '../../daemon/source.js';
import { AddressGuard } from '../../kube/address_guard.js';
import type { KubeApi } from '../../kube/api.js';
import { EXTERNAL_IP_CIDRS, externalIpCidrs } from '../../kube/external_ip_cidrs.js';
import { NodeSource } from '../../kube/nodes.js';
import {
  databaseServers,
  type KnownServer,
  type Lookup,
  ServerAddresses,
} from '../../kube/server_addresses.js';
import type { Cidr } from '../../net/cidr.js';
import type { Claim } from '../../net/claims.js';
import type { SystemSettings } from '../../switch/system_settings.js';

export interface GuardSourceOptions {
  readonly api: KubeApi;
  /** The API server that is followed. */
  readonly apiServer: KnownServer;
  readonly settings: SystemSettings;
  /** `--external-ip-cidrs`. */
  readonly allowed: readonly Cidr[] | undefined;
  readonly changed: () => void;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
  readonly lookup?: Lookup;
}

/** What services' external addresses are judged by: the nodes, the servers and the operator's limit. */
export class GuardSource implements Source {
  private readonly nodes: NodeSource;
  private readonly servers: ServerAddresses;
  private readonly limits = new Memo((setting: string | undefined) =>
    externalIpCidrs(this.options.allowed, setting),
  );
  private readonly guards = new Memo(
    (
      nodes: readonly Claim[],
      servers: readonly Claim[],
      rows: readonly Claim[],
      allowed: readonly Cidr[] | undefined,
    ) => new AddressGuard({ claims: [...nodes, ...servers, ...rows], allowed }),
  );

  constructor(private readonly options: GuardSourceOptions) {
    const { settings, apiServer, problems, changed, lookup } = options;
    this.nodes = new NodeSource(options);
    this.servers = new ServerAddresses({
      servers: () => [...databaseServers(settings.read()), apiServer],
      problems,
      changed,
      ...(lookup && { lookup }),
    });
  }

  /**
   * Whether the nodes may be known in a moment: the server has neither listed nor refused them yet. Without their zones
   * hints lead elsewhere.
   */
  get isPending(): boolean {
    return !this.nodes.hasSynced && this.nodes.problem === undefined;
  }

  /** The zone of each node that has one; the same map until a zone changes. */
  get zones(): ReadonlyMap<string, string> {
    return this.nodes.zones;
  }

  /** Returns the guard, the same one until something changes; `undefined` until nodes and servers are known. */
  guard(rows: readonly Claim[]): AddressGuard | undefined {
    const { allowed, problem } = this.limits.get(this.options.settings.read().get(EXTERNAL_IP_CIDRS));
    this.options.problems.set('external-ip-cidrs', problem === undefined ? [] : [problem]);
    const servers = this.servers.claims;
    if (servers === undefined) this.servers.look();
    if (!this.nodes.hasSynced || servers === undefined) return undefined;
    return this.guards.get(this.nodes.claims, servers, rows, allowed);
  }

  async run(signal: AbortSignal): Promise<void> {
    const forget = this.options.settings.onChange(() => {
      this.servers.look();
      this.options.changed();
    });
    await Promise.all([this.nodes.run(signal), this.servers.run(signal)]);
    forget();
  }
}
