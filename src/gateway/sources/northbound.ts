import { Backoff } from '../../daemon/backoff.js';
import { Memo } from '../../daemon/memo.js';
import type { Problems } from '../../daemon/problems.js';
import { sleep } from '../../daemon/sleep.js';
import type { Source } from '../../daemon/source.js';
import type { BridgeState } from '../../demux/state.js';
import type { Claim } from '../../net/claims.js';
import { explainError } from '../../net/errors.js';
import type { IpAddress } from '../../net/ip.js';
import type { MacAddress } from '../../net/mac.js';
import type { Northbound } from '../../ovn/connection.js';
import { KEYS } from '../../ovn/keys.js';
import { gatewayRouterName } from '../../ovn/names.js';
import { CLAIMING_TABLES, gatewayAddresses, gatewayMacs, rowClaims } from '../../ovn/row_claims.js';
import { CA_FILES, serverName, tlsFiles } from '../../ovn/tls.js';
import { connect } from '../../ovsdb/client.js';
import { DatabaseUnreachable } from '../../ovsdb/errors.js';
import { ovnNorthbound } from '../../ovsdb/tables/ovn_northbound.js';
import { OVN_NB } from '../../switch/external_ids.js';
import { followSetting, type SystemSettings } from '../../switch/system_settings.js';
import { findMisfits } from '../report/northbound_rows.js';

export interface NorthboundSourceOptions {
  readonly settings: SystemSettings;
  /** OVS's sysconf directory, which holds the key pair for `ssl:`. */
  readonly sysconf: string;
  readonly problems: Problems;
  readonly changed: () => void;
}

/** How long the database may take to answer, in milliseconds. */
const ANSWER_MS = 5_000;
/** Milliseconds from an attempt that the database did not answer to the next one, and the first wait after others. */
const AGAIN_MS = 1_000;
const NO_CLAIMS: readonly Claim[] = [];

/** The northbound database. Nothing waits for it. */
export class NorthboundSource implements Source {
  private client: Northbound | undefined;
  /** Counts the changes of the client and of its tables. */
  private revision = 0;
  private readonly misfits = new Memo(
    (_revision: number, node: string | undefined, bridgeState: BridgeState | undefined) =>
      this.client === undefined || node === undefined || bridgeState === undefined
        ? []
        : findMisfits(this.client, node, bridgeState),
  );

  private readonly claiming = new Memo((_revision: number): readonly Claim[] | undefined => {
    const claims = this.client && rowClaims(this.client);
    const isSame = this.claimed !== undefined && JSON.stringify(claims) === JSON.stringify(this.claimed);
    if (!isSame) this.claimed = claims;
    return this.claimed;
  });
  private claimed: readonly Claim[] | undefined;
  private readonly macs = new Memo((_revision: number): readonly MacAddress[] =>
    this.client === undefined ? [] : gatewayMacs(this.client),
  );

  private readonly addresses = new Memo((_revision: number): readonly IpAddress[] =>
    this.client === undefined ? [] : gatewayAddresses(this.client),
  );

  constructor(private readonly options: NorthboundSourceOptions) {}

  /**
   * The addresses and networks that OVN's rows give an owner, the same list until one changes; `undefined` until the
   * tables were read once. Without a northbound database there are none.
   */
  get claims(): readonly Claim[] | undefined {
    return this.options.settings.read().has(OVN_NB) ? this.claiming.get(this.revision) : NO_CLAIMS;
  }

  /** The connection; `undefined` until the tables were read once. */
  get database(): Northbound | undefined {
    return this.client;
  }

  /** The MACs of the cluster's gateways. */
  get gatewayMacs(): readonly MacAddress[] {
    return this.macs.get(this.revision);
  }

  /** The addresses of the cluster's gateways on the network. */
  get gatewayAddresses(): readonly IpAddress[] {
    return this.addresses.get(this.revision);
  }

  /**
   * Whether external addresses come in at the gateway of `node`; `undefined` until the tables were read once. A host
   * without a node name or without a northbound database is the only gateway.
   */
  isFirstGateway(node: string | undefined): boolean | undefined {
    if (node === undefined || !this.options.settings.read().has(OVN_NB)) return true;
    const wanted = gatewayRouterName(node);
    const router = this.client?.find('Logical_Router', ({ name }) => name === wanted);
    return this.client === undefined ? undefined : router?.external_ids.get(KEYS.firstGateway) === 'yes';
  }

  /** Writes a problem for each row of the gateway router that does not fit the host. */
  check(node: string | undefined, bridgeState: BridgeState | undefined): void {
    this.options.problems.set('northbound rows', this.misfits.get(this.revision, node, bridgeState));
  }

  async run(signal: AbortSignal): Promise<void> {
    await followSetting(
      this.options.settings,
      (systemIds) => JSON.stringify([systemIds.get(OVN_NB), serverName(systemIds, OVN_NB)]),
      (_, over) => this.follow(over),
      signal,
    );
  }

  /** Connects to the database, retrying until it succeeds. From then on the client reconnects by itself. */
  private async follow(signal: AbortSignal): Promise<void> {
    const { sysconf, settings } = this.options;
    const remotes = settings.read().get(OVN_NB);
    const name = serverName(settings.read(), OVN_NB);
    this.client = undefined;
    this.fail([]);
    const backoff = new Backoff({ firstMs: AGAIN_MS });
    while (remotes !== undefined && !signal.aborted) {
      try {
        const client = await connect(ovnNorthbound, {
          remotes,
          tables: CLAIMING_TABLES,
          timeoutMs: ANSWER_MS,
          signal,
          tls: tlsFiles(sysconf, CA_FILES.northbound, name),
        });
        client.onChange(() => this.change());
        client.onState((state) => {
          const lost = `OVN_Northbound database at ${remotes}: connection lost`;
          if (!signal.aborted) this.fail(state === 'connected' ? [] : [lost]);
        });
        this.client = client;
        return this.fail([]);
      } catch (error) {
        if (signal.aborted) return;
        this.fail([explainError(error)]);
        // A database that does not answer has taken the time of an attempt, and may be back at any moment. Remotes that
        // cannot be parsed fail at once.
        await sleep(error instanceof DatabaseUnreachable ? AGAIN_MS : backoff.next(), signal);
      }
    }
  }

  private fail(problems: readonly string[]): void {
    this.options.problems.set('northbound', problems);
    this.change();
  }

  private change(): void {
    this.revision++;
    this.options.changed();
  }
}
