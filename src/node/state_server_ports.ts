import type { IpAddress } from '../net/ip.js';
import { parseRemotes } from '../ovsdb/remotes.js';
import { OVN_NB, OVN_REMOTE } from '../switch/external_ids.js';

/** Where this host's settings say that servers are. */
export interface ServerFacts {
  /** The URL of the API server. */
  readonly api: string | undefined;
  /** `external_ids:ovn-nb` and `external_ids:ovn-remote`. */
  readonly nb: string | undefined;
  readonly remote: string | undefined;
  /** The addresses at which node ports are translated. */
  readonly nodes: readonly IpAddress[];
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly what: string;
}

/** Names by which a setting names a server of this host itself. */
const HERE: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/**
 * Returns the ports of the servers that this host depends on, as `tcp PORT`: the API server and the databases, if they are
 * at addresses where node ports are translated.
 */
export function serverPorts({ api, nb, remote, nodes }: ServerFacts): ReadonlyMap<string, string> {
  const found = [...databases(OVN_NB, nb), ...databases(OVN_REMOTE, remote), ...apiServers(api)];
  const hosts = new Set<string>([...HERE, ...nodes]);
  const ofNodes = found.filter(({ host }) => hosts.has(host));
  return new Map(ofNodes.map(({ port, what }) => [`tcp ${port}`, what]));
}

/** Returns the servers of remotes; none for a text that is no list of remotes. */
function databases(key: string, remotes = ''): Server[] {
  try {
    return parseRemotes(remotes).flatMap((remote) =>
      remote.kind === 'unix' ? [] : [{ ...remote, what: `the database of external_ids:${key}` }],
    );
  } catch {
    return [];
  }
}

function apiServers(api: string | undefined): Server[] {
  if (api === undefined) return [];
  const { hostname, host, port, protocol } = new URL(api);
  const number = Number(port || (protocol === 'http:' ? 80 : 443));
  return [{ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: number, what: `the API server at ${host}` }];
}
