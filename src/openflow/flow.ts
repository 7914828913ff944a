import { type Action, formatActions, parseActions } from './actions.js';
import { formatMatch, type Match, parseMatch } from './match.js';

/** A flow of a bridge. `key` is what OpenFlow identifies it by, `text` all of it but the cookie. */
export interface Flow {
  readonly cookie: bigint;
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
  /** `table=T,priority=P,MATCH`: two flows of one bridge never share it (OpenFlow 1.4.1 section 6.4). */
  readonly key: string;
  readonly text: string;
}

/** What tells a flow from all others, and whether it is the one that was wanted. */
export type FlowIdentity = Pick<Flow, 'cookie' | 'key' | 'text'>;

/** A flow that the switch has, with its counters. */
export interface InstalledFlow extends FlowIdentity {
  readonly packets: bigint;
  readonly bytes: bigint;
}

export function flow(
  parts: { table: number; priority: number; match: Match; actions: readonly Action[] },
  cookieOf: (text: string) => bigint,
): Flow {
  const { table, priority, match, actions } = parts;
  const { key, text } = meaning(table, priority, formatMatch(match), formatActions(actions));
  return { cookie: cookieOf(text), table, priority, match, actions, key, text };
}

/** The key is a part of the text and no text of its own: of 50,000 flows that is 7 MB. */
export function meaning(table: number, priority: number, where: string, what: string): Meaning {
  const key = `table=${table},priority=${priority}${where === '' ? '' : `,${where}`}`;
  const text = `${key} actions=${what}`;
  return { text, key: text.slice(0, key.length) };
}

/** The parts that {@link meaning} put into a key. */
export function splitKey(key: string): { table: number; priority: number; where: string } {
  const [, table, priority, where = ''] = /^table=(\d+),priority=(\d+)(?:,(.*))?$/.exec(key) ?? [];
  return { table: Number(table), priority: Number(priority), where };
}

/** Flags stand before the match, each a word (ovs-ofctl(8), "Flow Syntax"); a flow that `add-flow` made has one. */
const DUMPED =
  /^ ?cookie=(0x[0-9a-f]+), (?:duration=[^,]*, )?table=(\d+), n_packets=(\d+), n_bytes=(\d+),(?: [a-z_]+=[^,]*,)* (?:(?:send_flow_rem|check_overlap|reset_counts|no_packet_counts|no_byte_counts) )*(\S*) ?actions=(\S+)$/;

/** What a flow is, apart from its cookie and its counters. */
export type Meaning = Pick<InstalledFlow, 'key' | 'text'>;

/**
 * Reads one line of `ovs-ofctl --no-names dump-flows`.
 * @returns `undefined` for a line that is no flow, such as the reply's header
 */
export function parseDumpedFlow(line: string): InstalledFlow | undefined {
  const [, cookie, table, packets, bytes, where, what] = DUMPED.exec(line) ?? [];
  if (cookie === undefined || table === undefined || packets === undefined || bytes === undefined)
    return undefined;
  if (where === undefined || what === undefined) return undefined;
  const { key, text } = parseMeaning(table, where, what);
  return { cookie: BigInt(cookie), key, text, packets: BigInt(packets), bytes: BigInt(bytes) };
}

/**
 * Brings match and actions into this product's own form, so that text can be compared; what cannot be read
 * (somebody altered the flow) keeps the text of the switch, and so differs from every flow of ours.
 */
export function parseMeaning(table: string, where: string, what: string): Meaning {
  const tokens = where.split(',').filter((token) => token !== '');
  const priority = Number(
    tokens.find((token) => token.startsWith('priority='))?.slice('priority='.length) ?? 32768,
  );
  const rawMatch = tokens.filter((token) => !token.startsWith('priority=')).join(',');
  const match = parseMatch(rawMatch);
  const actions = parseActions(what);
  return meaning(
    Number(table),
    priority,
    match === undefined ? rawMatch : formatMatch(match),
    actions === undefined ? what : formatActions(actions),
  );
}
