// This folder has flows and the channels that carry them to a bridge. A flow is a value (here, `match.ts`, `actions.ts`).
// `reconcile.ts` compares desired and installed flows. `channel.ts` is the interface of the two channels: `ofctl.ts`
// runs ovs-ofctl, `openflow.ts` speaks OpenFlow 1.4.
import { type Action, formatActions, parseActions } from './actions.js';
import { formatMatch, type Match, parseMatch } from './match.js';

/** A flow of a bridge. `key` identifies it in OpenFlow; `text` has all of it but the cookie. */
export interface Flow {
  readonly cookie: bigint;
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
  /** `table=T,priority=P,MATCH`: no two flows of a bridge have the same (OpenFlow 1.4.1 section 6.4). */
  readonly key: string;
  readonly text: string;
}

/** The part of a flow that identifies it and shows whether it is the desired one. */
export type FlowIdentity = Pick<Flow, 'cookie' | 'key' | 'text'>;

/** A flow of the switch, with its counters. */
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

/** Formats key and text. The key is a slice of the text, which saves 7 MB with 50,000 flows. */
export function meaning(table: number, priority: number, where: string, what: string): Meaning {
  const key = `table=${table},priority=${priority}${where === '' ? '' : `,${where}`}`;
  const text = `${key} actions=${what}`;
  return { text, key: text.slice(0, key.length) };
}

/** Returns the parts of a key made by {@link meaning}. */
export function splitKey(key: string): { table: number; priority: number; where: string } {
  const [, table, priority, where = ''] = /^table=(\d+),priority=(\d+)(?:,(.*))?$/.exec(key) ?? [];
  return { table: Number(table), priority: Number(priority), where };
}

/** Flags come before the match, each one word (ovs-ofctl(8), "Flow Syntax"); a flow made by `add-flow` has one. */
const DUMPED =
  /^ ?cookie=(0x[0-9a-f]{1,16}), (?:duration=[^,]*, )?table=(\d{1,3}), n_packets=(\d{1,20}), n_bytes=(\d{1,20}),(?: [a-z_]+=[^,]*,)* (?:(?:send_flow_rem|check_overlap|reset_counts|no_packet_counts|no_byte_counts) )*(\S*) ?actions=(\S+)$/;

/** A flow without its cookie and its counters. */
export type Meaning = Pick<InstalledFlow, 'key' | 'text'>;

/**
 * Parses one line of `ovs-ofctl --no-names dump-flows`.
 * @returns `undefined` for a line that is not a flow, such as the header of the reply
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
 * Brings match and actions into the product's own form, so that texts can be compared. A match or actions that the
 * product never writes, because another program altered the flow, keep the text of the switch and so differ from
 * every flow of ours.
 */
function parseMeaning(table: string, where: string, what: string): Meaning {
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
