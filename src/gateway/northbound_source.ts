import { setTimeout as pause } from 'node:timers/promises';
import { explainError } from '../net/errors.js';
import { KEYS } from '../ovn/keys.js';
import { gatewayRouterName } from '../ovn/names.js';
import { CA_FILES, tlsFiles } from '../ovn/tls.js';
import { type Client, connect } from '../ovsdb/client.js';
import { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { CHECKED_TABLES } from './northbound_check.js';

export interface NorthboundOptions {
  readonly remotes: string;
  /** OVS's sysconf directory, where the key pair for `ssl:` is. */
  readonly sysconf: string;
  readonly changed: () => void;
  readonly signal: AbortSignal;
}

const RETRY_MS = 5_000;

/** The northbound database as far as it is reached: read only, never waited for. */
export class NorthboundSource {
  private client: Client<typeof ovnNorthbound> | undefined;
  private why: string | undefined;

  constructor(private readonly options: NorthboundOptions) {
    void this.keepTrying();
  }

  /** The copy of the tables; `undefined` until they were here once. */
  get tables(): Client<typeof ovnNorthbound> | undefined {
    return this.client;
  }

  /** Whether external addresses come in at the gateway of `node`; `undefined` until the tables were here once. */
  isFirstGateway(node: string): boolean | undefined {
    const router = this.client?.find('Logical_Router', ({ name }) => name === gatewayRouterName(node));
    return this.client === undefined ? undefined : router?.external_ids.get(KEYS.firstGateway) === 'yes';
  }

  get problem(): string | undefined {
    return this.client?.isConnected ? undefined : this.why;
  }

  private async keepTrying(): Promise<void> {
    const { remotes, sysconf, changed, signal } = this.options;
    while (!signal.aborted && this.client === undefined) {
      try {
        this.client = await connect(ovnNorthbound, {
          remotes,
          tables: CHECKED_TABLES,
          timeoutMs: RETRY_MS,
          signal,
          tls: tlsFiles(sysconf, CA_FILES.northbound),
        });
        this.client.onChange(changed);
        this.client.onState((state) => {
          this.why =
            state === 'connected' ? undefined : `OVN_Northbound database at ${remotes}: connection lost`;
          changed();
        });
      } catch (error) {
        this.why = explainError(error);
        changed();
        // What cannot even be tried, such as remotes that cannot be read, fails at once.
        await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      changed();
    }
  }
}
