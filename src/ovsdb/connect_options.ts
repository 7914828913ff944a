import type { Log } from '../daemon/log.js';
import type { Database, TableName } from './columns.js';
import type { Clause } from './monitor.js';
import type { TlsFiles } from './stream.js';

export interface ConnectOptions<D extends Database> {
  /** `unix:PATH`, `tcp:HOST:PORT` or `ssl:HOST:PORT`, one or several separated by commas. */
  readonly remotes: string;
  /** The tables to keep in memory; by default all of the descriptor. */
  readonly tables?: readonly TableName<D>[];
  /** Restricts a table to the rows for which any clause is true. */
  readonly conditions?: { readonly [N in TableName<D>]?: readonly Clause[] };
  /** How long the first copy of the tables may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long one remote may take before the next one is tried, in milliseconds; by default `timeoutMs`. */
  readonly attemptMs?: number;
  /** Whether to skip the followers of a cluster, so that one server gets both reads and writes. */
  readonly leaderOnly?: boolean;
  /**
   * Whether to ask for the schema only if the server refuses the first monitor. Spares a round trip and a reply of some
   * 20 kB; a column of another type is then found only by a value that cannot be read.
   */
  readonly presumeSchema?: boolean;
  readonly tls?: TlsFiles;
  readonly signal?: AbortSignal;
  readonly log?: Log;
  /** How long the server may be silent before it is probed, in milliseconds. */
  readonly probeMs?: number;
}
