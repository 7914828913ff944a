import { lookup } from 'node:dns/promises';
import { Kept } from '../daemon/kept.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import { type Claim, claimOfText } from '../net/claims.js';
import { explainError } from '../net/errors.js';
import { parseRemotes } from '../ovsdb/remotes.js';
import { OVN_NB, OVN_REMOTE } from '../switch/external_ids.js';

/** A server that this host must always reach. */
export interface KnownServer {
  /** A name or an address. */
  readonly host: string;
  /** What its address is, as in "it is …". */
  readonly what: string;
}

/** Finds the addresses of a name. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The claims of servers, and which servers they are of. */
interface KnownAddresses {
  readonly servers: string;
  readonly claims: readonly Claim[];
}

export interface ServerAddressesOptions {
  readonly servers: () => readonly KnownServer[];
  readonly problems: Pick<Problems, 'set'>;
  readonly changed: () => void;
  readonly lookup?: Lookup;
  readonly againMs?: number;
}

/** How often names are resolved again, in milliseconds. */
const AGAIN_MS = 60_000;
/** How long one name may take, in milliseconds. */
const LOOKUP_MS = 5_000;

/**
 * The addresses of the servers that this host depends on. A name that does not resolve keeps its last addresses; it
 * counts as known once it was tried, so that a name server that is away does not stop services.
 */
export class ServerAddresses implements Source {
  private readonly wakeup = new Wakeup();
  private readonly answers = new Map<string, readonly string[]>();
  private readonly known = new Kept<KnownAddresses | undefined>(undefined);

  constructor(private readonly options: ServerAddressesOptions) {}

  /**
   * The claims on the servers' addresses, the same list until one changes; `undefined` before the first answers for the
   * servers that there are now.
   */
  get claims(): readonly Claim[] | undefined {
    const servers = JSON.stringify(this.options.servers());
    const known = this.known.value;
    return known?.servers === servers ? known.claims : undefined;
  }

  /** Asks for the servers again: they may have changed. */
  look = (): void => this.wakeup.ring();

  async run(signal: AbortSignal): Promise<void> {
    const { againMs = AGAIN_MS } = this.options;
    while (!signal.aborted) {
      await this.read();
      await this.wakeup.wait(againMs, signal);
    }
  }

  private async read(): Promise<void> {
    const { servers, problems, changed } = this.options;
    const asked = servers();
    const found = await Promise.all(asked.map((server) => this.resolve(server)));
    problems.set(
      'server names',
      found.flatMap(({ problem }) => problem ?? []),
    );
    const claims = found.flatMap((one) => one.claims);
    const before = this.known.value;
    if (this.known.keep({ servers: JSON.stringify(asked), claims }) !== before) changed();
  }

  private async resolve({
    host,
    what,
  }: KnownServer): Promise<{ claims: readonly Claim[]; problem?: string }> {
    const literal = claimOfText(host, what);
    if (literal.length > 0) return { claims: literal };
    const of = (addresses: readonly string[]) => addresses.flatMap((text) => claimOfText(text, what));
    try {
      const addresses = await withinMs(LOOKUP_MS, (this.options.lookup ?? systemLookup)(host));
      this.answers.set(host, [...addresses].sort());
      return { claims: of(this.answers.get(host) ?? []) };
    } catch (error) {
      const before = this.answers.get(host) ?? [];
      const problem = `${host}, ${what.replace(/^the address of /, '')}, cannot be resolved: ${explainError(error)}; a service could take its address`;
      return { claims: of(before), problem };
    }
  }
}

/** Returns the databases that `external_ids` name; a setting that cannot be parsed names none. */
export function databaseServers(systemIds: ReadonlyMap<string, string>): KnownServer[] {
  return [OVN_NB, OVN_REMOTE].flatMap((key) => {
    try {
      return parseRemotes(systemIds.get(key) ?? '').flatMap((remote) =>
        remote.kind === 'unix' ? [] : [{ host: remote.host, what: `the address of external_ids:${key}` }],
      );
    } catch {
      return [];
    }
  });
}

/** Returns the API server as a server that this host depends on. */
export function apiServer({ hostname }: URL): KnownServer {
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), what: 'the address of the API server' };
}

async function systemLookup(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function withinMs<T>(ms: number, task: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(ms, over.signal).then(() => {
    throw new Error(`no answer within ${ms} ms`);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    late.catch(() => undefined);
    over.abort();
  }
}
