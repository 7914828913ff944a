import type { Log } from '../daemon/log.js';
import { listNftTable, type NftCommand, runNftJson } from '../host/nft.js';
import { NODE_TABLE } from '../ovn/names.js';
import type { Sets } from './desired_sets.js';
import type { TableRules } from './desired_table.js';
import { type ElementEdit, elementCommands, FAMILY_SETS, tableCommands } from './nft_commands.js';
import { type ReadTable, readTable } from './read_table.js';
import type { ElementChange } from './state_claims.js';

/** The kernel's side. */
export interface TableIo {
  /** Returns the table's objects, without elements if `terse`; `undefined` if there is no such table. */
  list(options?: { readonly terse: boolean }): Promise<readonly NftCommand[] | undefined>;
  /** Runs commands as one transaction. */
  run(commands: readonly NftCommand[]): Promise<void>;
}

/** What the table should be. */
export interface DesiredTable {
  readonly rules: TableRules;
  /** The elements of each set; a set that is not in it is not known yet, and keeps what it has. */
  readonly sets: Sets;
  /** The elements that may differ from the last call; `undefined` for any. */
  readonly changes: readonly ElementChange[] | undefined;
}

const EMPTY: ReadonlyMap<string, string> = new Map();

/** Keeps the node's nft table right. A change of one service costs what that service has. */
export class TableKeeper {
  /** What was sent since the start. */
  readonly totals = { transactions: 0, elements: 0, tables: 0 };
  private actual: ReadTable | undefined;
  private isAudited = false;
  private isRight = false;

  constructor(
    private readonly log: Log,
    private readonly io: TableIo = KERNEL,
  ) {}

  /**
   * Looks at the next call whether the table is still there, with its rules: a firewall that is loaded again may flush all
   * tables. With `elements`, reads it back whole.
   */
  audit({ elements }: { readonly elements: boolean }): void {
    this.isAudited = true;
    if (elements) this.actual = undefined;
  }

  /** Whether the table was as it should be when last looked at. */
  get isKept(): boolean {
    return this.isRight;
  }

  /** Returns how many elements a set has; 0 while the table was not read. */
  sizeOf(set: string): number {
    return this.actual?.sets.get(set)?.size ?? 0;
  }

  /**
   * Makes the table what it should be.
   * @returns the elements that changed; all of them after a change of the rules
   * @throws ProductError `ERR_NFT`
   */
  async keep(desired: DesiredTable): Promise<readonly ElementChange[]> {
    try {
      const edits = await this.compare(desired);
      this.isRight = true;
      return edits;
    } catch (error) {
      // The changes of this call are not announced again, so the next one compares everything.
      this.actual = undefined;
      this.isRight = false;
      throw error;
    }
  }

  private async compare({ rules, sets, changes }: DesiredTable): Promise<readonly ElementChange[]> {
    await this.glance();
    const isRead = this.actual !== undefined;
    this.actual ??= readTable((await this.io.list()) ?? []);
    const { actual } = this;
    if (actual.version !== `${rules.version} ${rules.rules.length}`) return this.replace(rules, sets, actual);
    const edits =
      isRead && changes !== undefined ? editsOf(changes, sets, actual.sets) : allEdits(sets, actual.sets);
    if (edits.length === 0) return edits;
    await this.send(elementCommands(edits));
    this.totals.elements += edits.length;
    for (const { set, key, after } of edits) {
      const elements = actual.sets.get(set);
      if (after === undefined) elements?.delete(key);
      else elements?.set(key, after);
    }
    return edits;
  }

  /** Forgets what the kernel has if an audit finds others' rules in the table, another table, or none. */
  private async glance(): Promise<void> {
    if (!this.isAudited || this.actual === undefined) return;
    // An event during the listing asks for another one.
    this.isAudited = false;
    const { version, handle } = readTable((await this.io.list({ terse: true })) ?? []);
    const { actual } = this;
    const isOurs = version === actual.version && (actual.handle ?? handle) === handle;
    this.actual = isOurs ? { ...actual, handle } : undefined;
  }

  private async replace(rules: TableRules, sets: Sets, actual: ReadTable): Promise<readonly ElementChange[]> {
    const all = new Map(FAMILY_SETS.map(({ set }) => [set, new Map(sets.get(set) ?? actual.sets.get(set))]));
    await this.send(tableCommands(rules, all));
    this.totals.tables++;
    this.log.info(`table ${NODE_TABLE.family} ${NODE_TABLE.name} is in place`);
    this.actual = { version: `${rules.version} ${rules.rules.length}`, handle: undefined, sets: all };
    return [...all].flatMap(([set, elements]) => {
      const keys = new Set([...(actual.sets.get(set)?.keys() ?? []), ...elements.keys()]);
      return [...keys].map((key) => ({ set, key }));
    });
  }

  private async send(commands: readonly NftCommand[]): Promise<void> {
    await this.io.run(commands);
    this.totals.transactions++;
  }
}

const KERNEL: TableIo = {
  list: (options) => listNftTable(NODE_TABLE.family, NODE_TABLE.name, options),
  run: runNftJson,
};

/** Returns the edits of these elements that the kernel lacks. */
function editsOf(changes: readonly ElementChange[], wanted: Sets, actual: Sets): ElementEdit[] {
  const keys = new Map<string, Set<string>>();
  for (const { set, key } of changes) keys.set(set, (keys.get(set) ?? new Set()).add(key));
  return [...keys].flatMap(([set, some]) =>
    wanted.has(set) ? edits(set, some, wanted.get(set) ?? EMPTY, actual.get(set) ?? EMPTY) : [],
  );
}

/** Returns the edits of all elements of the sets that are known. */
function allEdits(wanted: Sets, actual: Sets): ElementEdit[] {
  return [...wanted].flatMap(([set, elements]) => {
    const before = actual.get(set) ?? EMPTY;
    return edits(set, new Set([...before.keys(), ...elements.keys()]), elements, before);
  });
}

function edits(
  set: string,
  keys: Iterable<string>,
  wanted: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): ElementEdit[] {
  return [...keys].flatMap((key) => {
    const [before, after] = [actual.get(key), wanted.get(key)];
    return before === after ? [] : [{ set, key, before, after }];
  });
}
