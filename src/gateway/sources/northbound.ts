import { Kept } from '../../daemon/kept.js';
import { Memo } from '../../daemon/memo.js';
import type { Problems } from '../../daemon/problems.js';
import type { Source } from '../../daemon/source.js';
import type { BridgeState } from '../../demux/state.js';
import type { Claim } from '../../net/claims.js';
import type { IpAddress } from '../../net/ip.js';
import type { MacAddress } from '../../net/mac.js';
import type { Northbound } from '../../ovn/connection.js';
import { KEYS } from '../../ovn/keys.js';
import { gatewayRouterName } from '../../ovn/names.js';
import { NorthboundFollower } from '../../ovn/northbound_follower.js';
import { CLAIMING_TABLES, gatewayAddresses, gatewayMacs, rowClaims } from '../../ovn/row_claims.js';
import type { SystemSettings } from '../../switch/system_settings.js';
import { findMisfits } from '../report/northbound_rows.js';

export interface NorthboundSourceOptions {
  readonly settings: SystemSettings;
  /** OVS's sysconf directory, which holds the key pair for `ssl:`. */
  readonly sysconf: string;
  readonly problems: Problems;
  readonly changed: () => void;
}

const NO_CLAIMS: readonly Claim[] = [];

/** The northbound database. Nothing waits for it. */
export class NorthboundSource implements Source {
  private readonly follower: NorthboundFollower;
  private readonly misfits = new Memo(
    (_revision: number, node: string | undefined, bridgeState: BridgeState | undefined) =>
      this.database === undefined || node === undefined || bridgeState === undefined
        ? []
        : findMisfits(this.database, node, bridgeState),
  );

  private readonly claimed = new Kept<readonly Claim[] | undefined>(undefined);
  private readonly claiming = new Memo((_revision: number) =>
    this.claimed.keep(this.database && rowClaims(this.database)),
  );
  private readonly macs = new Memo((_revision: number): readonly MacAddress[] =>
    this.database === undefined ? [] : gatewayMacs(this.database),
  );

  private readonly addresses = new Memo((_revision: number): readonly IpAddress[] =>
    this.database === undefined ? [] : gatewayAddresses(this.database),
  );

  constructor(private readonly options: NorthboundSourceOptions) {
    this.follower = new NorthboundFollower({ ...options, tables: CLAIMING_TABLES });
  }

  /**
   * The addresses and networks that OVN's rows give an owner, the same list until one changes; `undefined` until the
   * tables were read once. Without a northbound database there are none.
   */
  get claims(): readonly Claim[] | undefined {
    return this.follower.isConfigured ? this.claiming.get(this.follower.revision) : NO_CLAIMS;
  }

  /** The connection; `undefined` until the tables were read once. */
  get database(): Northbound | undefined {
    return this.follower.database;
  }

  /** The MACs of the cluster's gateways. */
  get gatewayMacs(): readonly MacAddress[] {
    return this.macs.get(this.follower.revision);
  }

  /** The addresses of the cluster's gateways on the network. */
  get gatewayAddresses(): readonly IpAddress[] {
    return this.addresses.get(this.follower.revision);
  }

  /**
   * Whether external addresses come in at the gateway of `node`; `undefined` until the tables were read once. A host
   * without a node name or without a northbound database is the only gateway.
   */
  isFirstGateway(node: string | undefined): boolean | undefined {
    if (node === undefined || !this.follower.isConfigured) return true;
    const wanted = gatewayRouterName(node);
    const router = this.database?.find('Logical_Router', ({ name }) => name === wanted);
    return this.database === undefined ? undefined : router?.external_ids.get(KEYS.firstGateway) === 'yes';
  }

  /** Writes a problem for each row of the gateway router that does not fit the host. */
  check(node: string | undefined, bridgeState: BridgeState | undefined): void {
    this.options.problems.set('northbound rows', this.misfits.get(this.follower.revision, node, bridgeState));
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.follower.run(signal);
  }
}
