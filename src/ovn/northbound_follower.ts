import { Backoff } from '../daemon/backoff.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { explainError } from '../net/errors.js';
import { connect } from '../ovsdb/client.js';
import type { ConnectOptions } from '../ovsdb/connect_options.js';
import { DatabaseUnreachable } from '../ovsdb/errors.js';
import { ovnNorthbound } from '../ovsdb/tables/ovn_northbound.js';
import { OVN_NB } from '../switch/external_ids.js';
import { followSetting, type SystemSettings } from '../switch/system_settings.js';
import type { Northbound } from './connection.js';
import { CA_FILES, serverName, tlsFiles } from './tls.js';

export interface NorthboundFollowerOptions {
  readonly settings: SystemSettings;
  /** OVS's sysconf directory, which holds the key pair for `ssl:`. */
  readonly sysconf: string;
  readonly tables: NonNullable<ConnectOptions<typeof ovnNorthbound>['tables']>;
  /** Restricts a table to the rows for which any clause is true. */
  readonly conditions?: ConnectOptions<typeof ovnNorthbound>['conditions'];
  readonly problems: Pick<Problems, 'set'>;
  readonly changed: () => void;
}

/** How long the database may take to answer, in milliseconds. */
const ANSWER_MS = 5_000;
/** Milliseconds from an attempt that the database did not answer to the next one, and the first wait after others. */
const AGAIN_MS = 1_000;

/** A connection to whichever northbound database `external_ids:ovn-nb` names. Nothing waits for it. */
export class NorthboundFollower implements Source {
  private client: Northbound | undefined;
  private changes = 0;

  constructor(private readonly options: NorthboundFollowerOptions) {}

  /** The connection; `undefined` until the tables were read once. */
  get database(): Northbound | undefined {
    return this.client;
  }

  /** Whether a northbound database is configured. */
  get isConfigured(): boolean {
    return this.options.settings.read().has(OVN_NB);
  }

  /** Counts the changes of the connection and of its tables. */
  get revision(): number {
    return this.changes;
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
    const { sysconf, settings, tables, conditions = {} } = this.options;
    const remotes = settings.read().get(OVN_NB);
    const name = serverName(settings.read(), OVN_NB);
    this.client = undefined;
    this.fail([]);
    const backoff = new Backoff({ firstMs: AGAIN_MS });
    while (remotes !== undefined && !signal.aborted) {
      try {
        const client = await connect(ovnNorthbound, {
          remotes,
          tables,
          conditions,
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
    this.changes++;
    this.options.changed();
  }
}
