import { Backoff } from '../daemon/backoff.js';
import type { Problems } from '../daemon/problems.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import { explainError } from '../net/errors.js';
import type { LoadBalancerRow } from '../ovn/load_balancers.js';
import type { Uuid } from '../ovsdb/columns.js';
import { Departures } from './departures.js';
import { type Destination, Destinations } from './state_destinations.js';
import { goneDestinations, tuplesOf } from './tracked_entries.js';

export interface ConnectionKeeperOptions {
  /** Returns the load balancers of UDP; `undefined` until they were read once. */
  readonly rows: () => ReadonlyMap<Uuid, LoadBalancerRow> | undefined;
  /** Returns `dpctl/dump-conntrack`. @throws ProductError */
  readonly dump: () => Promise<string>;
  /** Deletes the entries that match a tuple of each direction. @throws ProductError */
  readonly flush: (tuples: readonly [string, string]) => Promise<void>;
  readonly problems: Pick<Problems, 'set'>;
  /** The time in milliseconds. */
  readonly now?: () => number;
}

const OWNER = 'udp connections';
/** The owner of the problem that the entries cannot be listed. */
const LOOK = 'udp entries';
/** More destinations than this are compared with the entries that there are first: each deletion is a process of 4 ms. */
const MAX_UNSEEN = 32;
/** The largest number of deletions in one round. */
const MAX_DELETIONS = 256;
/** The first wait after a failure, in milliseconds. */
const AGAIN_MS = 1_000;
/** The longest wait, in milliseconds: a ring ends it. */
const IDLE_MS = 60_000;

/**
 * Ends the UDP conversations with destinations that left a service, so that clients that go on sending from one socket
 * get another destination. It deletes their entries in the connection tracking of the switch, and no others.
 */
export class ConnectionKeeper implements Source {
  private readonly wakeup = new Wakeup();
  private readonly destinations = new Destinations();
  private readonly departures = new Departures();
  private readonly backoff = new Backoff({ firstMs: AGAIN_MS });
  /** The waits between looks that fail: a switch may have more entries than can be read, and listing them keeps it busy. */
  private readonly looks = new Backoff({ firstMs: AGAIN_MS, mostMs: IDLE_MS });
  private readonly now: () => number;
  /** Whether destinations may have left unseen: while this daemon did not run, or the switch did not answer. */
  private isUnsure = true;
  /** When the next look may begin. */
  private lookAt = 0;

  constructor(private readonly options: ConnectionKeeperOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /** Asks for a look at the rows. */
  ring = (): void => this.wakeup.ring();

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.wakeup.wait(await this.round(signal), signal);
  }

  /**
   * Deletes the entries of the destinations that are due; begins no other deletion once `signal` is aborted.
   * @returns the milliseconds until the next round, unless a row changes
   */
  async round(signal?: AbortSignal): Promise<number> {
    const rows = this.options.rows();
    if (rows === undefined) return IDLE_MS;
    try {
      this.departures.add(this.destinations.take(rows), this.now());
      await this.deleteDue(signal);
      await this.look(signal);
      this.options.problems.set(OWNER, []);
      this.backoff.reset();
    } catch (error) {
      this.isUnsure = true;
      this.options.problems.set(OWNER, [explainError(error)]);
      return this.backoff.next();
    }
    const now = this.now();
    const untilLook = this.isUnsure ? Math.max(0, this.lookAt - now) : IDLE_MS;
    return Math.min(untilLook, this.departures.wait(now) ?? IDLE_MS);
  }

  private async deleteDue(signal: AbortSignal | undefined): Promise<void> {
    const { departures, destinations } = this;
    const began = this.now();
    const due = departures.due(began, (one) => destinations.has(one));
    if (due.length === 0) return;
    try {
      const seen = due.length > MAX_UNSEEN ? await this.find((one) => departures.has(one)) : due;
      for (const one of seen.slice(0, MAX_DELETIONS)) {
        if (signal?.aborted) return;
        await this.delete(one);
      }
    } finally {
      const ended = this.now();
      departures.postpone(due, ended, ended - began);
    }
  }

  /** Finds the destinations that left unseen, and deletes their entries. A look that fails is repeated later. */
  private async look(signal: AbortSignal | undefined): Promise<void> {
    if (!this.isUnsure || this.now() < this.lookAt || signal?.aborted) return;
    const { problems } = this.options;
    try {
      this.departures.add(await this.find((one) => this.destinations.lacks(one)), this.now());
    } catch (error) {
      problems.set(LOOK, [explainError(error)]);
      this.lookAt = this.now() + this.looks.next();
      return;
    }
    problems.set(LOOK, []);
    this.looks.reset();
    this.isUnsure = false;
    await this.deleteDue(signal);
  }

  private async find(isGone: (destination: Destination) => boolean): Promise<readonly Destination[]> {
    return goneDestinations(await this.options.dump(), isGone);
  }

  private async delete(destination: Destination): Promise<void> {
    const tuples = tuplesOf(destination);
    if (tuples !== undefined) await this.options.flush(tuples);
  }
}
