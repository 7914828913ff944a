import { networkInterfaces } from 'node:os';
import { Kept } from '../daemon/kept.js';
import { Memo } from '../daemon/memo.js';
import type { Problems } from '../daemon/problems.js';
import { aborted } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { type Cidr, contains } from '../net/cidr.js';
import { type Claim, claimOf, claimOfText, networkClaims } from '../net/claims.js';
import type { IpAddress } from '../net/ip.js';
import type { SystemSettings } from '../switch/system_settings.js';
import { AddressGuard } from './address_guard.js';
import { EXTERNAL_IP_CIDRS, externalIpCidrs, formatExternalIpCidrs } from './external_ip_cidrs.js';
import { apiServer, databaseServers, type Lookup, ServerAddresses } from './server_addresses.js';

/** What the other sources know of addresses that have an owner; `undefined` while they do not know it. */
export interface KnownClaims {
  readonly nodes: readonly Claim[] | undefined;
  readonly rows: readonly Claim[] | undefined;
  readonly routers: readonly IpAddress[] | undefined;
  /** The addresses on the devices that services' external addresses come in by, with their networks. */
  readonly local: readonly Cidr[];
}

export interface GuardSourceOptions {
  readonly settings: SystemSettings;
  /** `--external-ip-cidrs`. */
  readonly allowed: readonly Cidr[] | undefined;
  /** Returns the API server that is followed. */
  readonly server: () => URL | undefined;
  /** Whether the host's own addresses in those networks may be served: a speaker for services puts them there. */
  readonly hasSpeaker?: boolean;
  /** Returns the claims on the host's own addresses: on those of all interfaces, unless another function is given. */
  readonly host?: () => readonly Claim[];
  readonly problems: Pick<Problems, 'set'>;
  readonly changed: () => void;
  readonly lookup?: Lookup;
}

/** What services' external addresses are judged by: owners of addresses, servers and the operator's limit. */
export class GuardSource implements Source {
  private readonly servers: ServerAddresses;
  private readonly ofHost = new Kept<readonly Claim[]>([]);
  /** The host's own addresses and its networks', the same list until one changes. */
  private readonly host = new Memo((local: readonly Cidr[], allowed: readonly Cidr[] | undefined) => {
    const ofSpeaker = this.options.hasSpeaker === true ? (allowed ?? []) : [];
    const { host = hostClaims } = this.options;
    const own = host().filter(({ network }) => !ofSpeaker.some((one) => contains(one, network.address)));
    return this.ofHost.keep([...own, ...local.flatMap(networkClaims)]);
  });
  private readonly limits = new Memo((setting: string | undefined) =>
    externalIpCidrs(this.options.allowed, setting),
  );
  private readonly guards = new Memo(
    (
      nodes: readonly Claim[],
      rows: readonly Claim[],
      routers: readonly IpAddress[],
      host: readonly Claim[],
      servers: readonly Claim[],
      allowed: readonly Cidr[] | undefined,
    ) =>
      new AddressGuard({
        claims: [
          ...nodes,
          ...routers.map((ip) => claimOf(ip, 'a default router')),
          ...servers,
          ...host,
          ...rows,
        ],
        allowed,
      }),
  );

  constructor(private readonly options: GuardSourceOptions) {
    const { settings, server, problems, changed, lookup } = options;
    this.servers = new ServerAddresses({
      servers: () => {
        const api = server();
        return [...(api === undefined ? [] : [apiServer(api)]), ...databaseServers(settings.read())];
      },
      problems,
      changed,
      ...(lookup && { lookup }),
    });
  }

  /** The limit on external addresses, as `--external-ip-cidrs` takes it; `undefined` without one. */
  get limit(): string | undefined {
    const { allowed } = this.limits.get(this.options.settings.read().get(EXTERNAL_IP_CIDRS));
    return allowed && formatExternalIpCidrs(allowed);
  }

  /** Returns the guard, the same one until something changes; `undefined` until everything was known once. */
  guard({ nodes, rows, routers, local }: KnownClaims): AddressGuard | undefined {
    const { allowed, problem } = this.limits.get(this.options.settings.read().get(EXTERNAL_IP_CIDRS));
    this.options.problems.set('external-ip-cidrs', problem === undefined ? [] : [problem]);
    const servers = this.servers.claims;
    if (servers === undefined) this.servers.look();
    if (nodes === undefined || rows === undefined || routers === undefined || servers === undefined)
      return undefined;
    return this.guards.get(nodes, rows, routers, this.host.get(local, allowed), servers, allowed);
  }

  async run(signal: AbortSignal): Promise<void> {
    const forget = this.options.settings.onChange(() => {
      this.servers.look();
      this.options.changed();
    });
    await Promise.all([this.servers.run(signal), aborted(signal)]);
    forget();
  }
}

/** Returns the claims on all addresses of this host, on any interface. */
function hostClaims(): readonly Claim[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ address }) =>
      claimOfText(address.split('%')[0] ?? '', `an address of this host (${name})`),
    ),
  );
}
