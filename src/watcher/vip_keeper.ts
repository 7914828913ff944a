import { WATCHER } from '../daemon/programs.js';
import { STEPS, Turns, type TurnsOptions } from '../daemon/turns.js';
import type { Northbound, NorthboundTransaction } from '../ovn/connection.js';
import { isOriginalBalancer, isServiceBalancer } from '../ovn/load_balancers.js';
import { BalancerGroups } from './apply_balancer_groups.js';
import { mendAll, updateVips } from './apply_load_balancers.js';
import { type VipId, vipText } from './desired_balancer.js';
import type { BalancerIndex } from './state_balancers.js';
import type { VipAssigner, VipRound } from './vip_assigner.js';

export interface VipKeeperOptions {
  readonly nb: Pick<Northbound, 'table' | 'find' | 'filter' | 'transaction'>;
  readonly balancers: BalancerIndex;
  readonly assigner: VipAssigner;
  /** Commits a transaction; resolves when the copy of the database has its rows. */
  readonly commit: (txn: NorthboundTransaction) => Promise<void>;
  readonly turns?: TurnsOptions;
  /** The number of changed virtual addresses after which a transaction is committed. */
  readonly vipsAtOnce?: number;
}

/** What is written at once. */
interface Part {
  readonly txn: NorthboundTransaction;
  readonly groups: BalancerGroups;
}

const VIPS_AT_ONCE = 256;

/** The most transactions that wait for an answer: a slow database must answer the last one in time too. */
const MOST_IN_FLIGHT = 8;

/** The transactions that the database has not answered yet. */
class Flight {
  /** Whether any transaction was added. */
  hasParts = false;
  private readonly services = new Set<string>();
  private readonly vips = new Set<string>();
  private answers: Promise<void>[] = [];

  /** Notes the virtual addresses that a transaction changes, before it is added. */
  *note(ids: readonly VipId[]): Generator<void> {
    let steps = 0;
    for (const id of ids) {
      this.services.add(id.balancer.service);
      this.vips.add(vipText(id));
      if (++steps % STEPS === 0) yield;
    }
  }

  add(answer: Promise<void>): void {
    // A failure is thrown by `landed`.
    answer.catch(() => undefined);
    this.hasParts = true;
    this.answers.push(answer);
  }

  /**
   * Returns whether these virtual addresses move from or to a row that the copy of the database may not have yet, or
   * from a row that keeps them if a transaction fails.
   */
  *concerns(ids: readonly VipId[]): Generator<void, boolean> {
    if (this.services.size === 0) return false;
    let steps = 0;
    for (const id of ids) {
      if (this.services.has(id.balancer.service) || this.vips.has(vipText(id))) return true;
      if (++steps % STEPS === 0) yield;
    }
    return false;
  }

  /** Waits until another transaction may be sent. The database answers in order. @throws as {@link landed} */
  async awaitRoom(): Promise<void> {
    await this.answers.at(-MOST_IN_FLIGHT);
  }

  /** Waits for all answers. @throws the reason of the first transaction that failed */
  async landed(): Promise<void> {
    const answers = this.answers;
    this.answers = [];
    this.services.clear();
    this.vips.clear();
    await Promise.allSettled(answers);
    await Promise.all(answers);
  }
}

/**
 * Keeps the load balancers of services. Many services are written in several transactions, so that the database takes one
 * while the next services are assigned. What one service has is always in one transaction, and so is a virtual address
 * that moves from one service to another.
 */
export class VipKeeper {
  /** Whether the database has each address in the row of its service, as the last round assigned it. */
  private isSettled = false;

  constructor(private readonly options: VipKeeperOptions) {}

  /**
   * Assigns the marked services and commits the difference, the first part together with what `first` already has.
   * `isAll` says that all services are marked; all rows and groups are compared then.
   * @throws whatever `commit` throws; the reason of `signal` when it is aborted
   */
  async reconcile(first: NorthboundTransaction, isAll: boolean, signal?: AbortSignal): Promise<void> {
    const { nb, balancers, assigner, vipsAtOnce = VIPS_AT_ONCE } = this.options;
    const { assignments } = assigner;
    const turns = new Turns({ ...this.options.turns, ...(signal && { signal }) });
    const most = isAll && this.mustMoveAtOnce() ? Number.POSITIVE_INFINITY : vipsAtOnce;
    const wasSettled = this.isSettled;
    this.isSettled = false;
    const round = await turns.through(assigner.begin());
    const services = round.services.values();
    const flight = new Flight();
    let part = this.part(first);
    if (isAll) part.groups.complete(nb);
    try {
      for (;;) {
        const { ids, isEnd } = await turns.through(this.assign(services, round, most));
        if (await turns.through(flight.concerns(ids))) await flight.landed();
        await turns.through(updateVips(balancers, part.txn, part.groups, assignments, ids));
        if (isEnd) break;
        await turns.through(flight.note(ids));
        flight.add(this.commit(part));
        await flight.awaitRoom();
        // Only the copy of the database says which group a name stands for.
        if (part.groups.hasMade) await flight.landed();
        part = this.part(nb.transaction(WATCHER));
      }
      await turns.through(assigner.end());
      if (isAll && flight.hasParts) {
        flight.add(this.commit(part));
        part = this.part(nb.transaction(WATCHER));
      }
    } finally {
      // A step that did not see these rows would insert them again.
      await flight.landed();
    }
    if (isAll) await turns.through(mendAll(nb, balancers, part.txn, part.groups, assignments));
    await this.commit(part);
    this.isSettled = isAll || wasSettled;
  }

  /**
   * Returns whether all is written in one transaction: the database has virtual addresses that some service gets from a
   * row of all services, or may get from a row that is not compared before the end. They must be in one row at any time.
   */
  private mustMoveAtOnce(): boolean {
    const isLeft = this.isSettled ? isOriginalBalancer : isServiceBalancer;
    return this.options.nb.find('Load_Balancer', isLeft) !== undefined;
  }

  /** Assigns services until `most` virtual addresses may have changed; returns these. */
  private *assign(
    services: Iterator<string>,
    round: VipRound,
    most: number,
  ): Generator<void, { readonly ids: readonly VipId[]; readonly isEnd: boolean }> {
    const ids: VipId[] = [];
    while (ids.length < most) {
      const { done, value } = services.next();
      if (done === true) return { ids, isEnd: true };
      for (const id of yield* this.options.assigner.assign(value, round)) ids.push(id);
      yield;
    }
    return { ids, isEnd: false };
  }

  private part(txn: NorthboundTransaction): Part {
    return { txn, groups: new BalancerGroups(this.options.balancers, txn) };
  }

  private async commit({ txn, groups }: Part): Promise<void> {
    groups.write();
    await this.options.commit(txn);
  }
}
