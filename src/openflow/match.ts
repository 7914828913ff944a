import {
  type FieldName,
  formatField,
  fullMask,
  isFieldName,
  orderOf,
  parseValue,
  TAG_AND_VID,
  TAG_PRESENT,
} from './fields.js';

/**
 * One field of a match: `(packet.field & mask) == value`. `text` is its printed form, made once and shared by flows.
 */
export interface Term {
  readonly field: FieldName;
  readonly value: bigint;
  readonly mask: bigint;
  readonly text: string;
}

/** The terms of a match in the printed order, at most one for each field. */
export type Match = readonly Term[];

export function term(
  field: FieldName,
  value: bigint | number,
  mask: bigint | number = fullMask(field),
): Term {
  const [v, m] = [BigInt(value), BigInt(mask)];
  return { field, value: v & m, mask: m, text: formatField(field, v & m, m) };
}

/** Returns `match` with `added`, which replace terms of the same field. */
export function extend(match: Match, ...added: readonly Term[]): Match {
  const terms = [...match];
  for (const one of added) {
    const order = orderOf(one.field);
    const after = terms.findIndex(({ field }) => orderOf(field) >= order);
    const at = after < 0 ? terms.length : after;
    terms.splice(at, terms[at]?.field === one.field ? 1 : 0, one);
  }
  return terms;
}

export const ETH_IPV4 = 0x0800;
export const ETH_ARP = 0x0806;
export const ETH_IPV6 = 0x86dd;

/** The keywords that `ovs-ofctl` prints instead of a `dl_type` and `nw_proto`. */
const KEYWORDS = new Map<string, readonly [dlType: number, nwProto: number | undefined]>([
  ['ip', [ETH_IPV4, undefined]],
  ['icmp', [ETH_IPV4, 1]],
  ['tcp', [ETH_IPV4, 6]],
  ['udp', [ETH_IPV4, 17]],
  ['sctp', [ETH_IPV4, 132]],
  ['arp', [ETH_ARP, undefined]],
  ['ipv6', [ETH_IPV6, undefined]],
  ['icmp6', [ETH_IPV6, 58]],
  ['tcp6', [ETH_IPV6, 6]],
  ['udp6', [ETH_IPV6, 17]],
  ['sctp6', [ETH_IPV6, 132]],
]);

/** The keywords by `dl_type` and `nw_proto`. */
const KEYWORD_OF = new Map(
  [...KEYWORDS].map(([keyword, [dlType, nwProto]]) => [typeOf(dlType, nwProto), keyword]),
);

function typeOf(dlType: bigint | number | undefined, nwProto: bigint | number | undefined): string {
  return `${dlType} ${nwProto}`;
}

/** Formats `match` as `ovs-ofctl dump-flows` prints it: empty for a match on everything. */
export function formatMatch(match: Match): string {
  const is = (name: FieldName) => match.find(({ field }) => field === name)?.value;
  const keyword = KEYWORD_OF.get(typeOf(is('dl_type'), is('nw_proto')));
  const parts: string[] = [];
  for (const { field, text } of match) {
    if (keyword === undefined) parts.push(text);
    else if (field === 'dl_type') parts.push(keyword);
    else if (field !== 'nw_proto') parts.push(text);
  }
  return parts.join(',');
}

/** Far more than our longest match, in characters. The tokens of a longer one would be remembered for nothing. */
const MAX_TEXT = 2_000;
/** How many tokens are remembered: about as many as the flows of a gateway can have. */
const MOST_TERMS = 100_000;
/** The terms of tokens parsed before. Most flows share most of their tokens, so each is parsed once. */
const known = new Map<string, readonly Term[] | undefined>();

/**
 * Parses what {@link formatMatch} and `ovs-ofctl` print; returns `undefined` for a match that the product never
 * writes.
 */
export function parseMatch(text: string): Match | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const terms: Term[] = [];
  for (const token of text === '' ? [] : text.split(',')) {
    const found = known.get(token) ?? learnToken(token);
    if (found === undefined) return undefined;
    terms.push(...found);
  }
  return extend([], ...terms);
}

function learnToken(token: string): readonly Term[] | undefined {
  const terms = parseToken(token);
  if (known.size >= MOST_TERMS) known.clear();
  known.set(token, terms);
  return terms;
}

function parseToken(token: string): readonly Term[] | undefined {
  const [dlType, nwProto] = KEYWORDS.get(token) ?? [];
  if (dlType !== undefined)
    return [term('dl_type', dlType), ...(nwProto === undefined ? [] : [term('nw_proto', nwProto)])];
  const [, vid] = /^dl_vlan=(\d{1,4})$/.exec(token) ?? [];
  if (vid !== undefined)
    return Number(vid) < 0x1000 ? [term('vlan_tci', TAG_PRESENT | BigInt(vid), TAG_AND_VID)] : undefined;
  const [name = '', ...rest] = token.split('=');
  const parsed = isFieldName(name) ? parseValue(name, rest.join('=')) : undefined;
  return parsed === undefined || !isFieldName(name) ? undefined : [term(name, parsed.value, parsed.mask)];
}
