import { type FieldName, formatValue, fullMask, isFieldName, orderOf, parseValue } from './fields.js';

/** One field of a match: `(packet.field & mask) == value`. `text` is its printed form, made once and shared. */
export interface Term {
  readonly field: FieldName;
  readonly value: bigint;
  readonly mask: bigint;
  readonly text: string;
}

/** The terms of a match, in the printed order, at most one a field. */
export type Match = readonly Term[];

export function term(
  field: FieldName,
  value: bigint | number,
  mask: bigint | number = fullMask(field),
): Term {
  const [v, m] = [BigInt(value), BigInt(mask)];
  return { field, value: v & m, mask: m, text: `${field}=${formatValue(field, v & m, m)}` };
}

/** `match` with `added`, which replace terms of the same field. */
export function extend(match: Match, ...added: readonly Term[]): Match {
  const kept = match.filter((old) => !added.some((fresh) => fresh.field === old.field));
  return [...kept, ...added].sort((a, b) => orderOf(a.field) - orderOf(b.field));
}

export const ETH_IPV4 = 0x0800;
export const ETH_ARP = 0x0806;
export const ETH_IPV6 = 0x86dd;

/** What `ovs-ofctl` prints for a `dl_type` and `nw_proto` that have a name of their own. */
const KEYWORDS: readonly (readonly [keyword: string, dlType: number, nwProto: number | undefined])[] = [
  ['ip', ETH_IPV4, undefined],
  ['icmp', ETH_IPV4, 1],
  ['tcp', ETH_IPV4, 6],
  ['udp', ETH_IPV4, 17],
  ['sctp', ETH_IPV4, 132],
  ['arp', ETH_ARP, undefined],
  ['ipv6', ETH_IPV6, undefined],
  ['icmp6', ETH_IPV6, 58],
  ['tcp6', ETH_IPV6, 6],
  ['udp6', ETH_IPV6, 17],
  ['sctp6', ETH_IPV6, 132],
];

/** `match` as `ovs-ofctl dump-flows` prints it: empty for a match on everything. */
export function formatMatch(match: Match): string {
  const dlType = match.find(({ field }) => field === 'dl_type');
  const nwProto = match.find(({ field }) => field === 'nw_proto');
  const keyword = KEYWORDS.find(
    ([, type, proto]) =>
      dlType?.value === BigInt(type) && nwProto?.value === (proto === undefined ? undefined : BigInt(proto)),
  )?.[0];
  if (keyword === undefined) return match.map(({ text }) => text).join(',');
  return match
    .filter(({ field }) => field !== 'nw_proto')
    .map(({ field, text }) => (field === 'dl_type' ? keyword : text))
    .join(',');
}

/** Reads what {@link formatMatch} and `ovs-ofctl` print; `undefined` for a match this product never writes. */
export function parseMatch(text: string): Match | undefined {
  const terms: Term[] = [];
  for (const token of text === '' ? [] : text.split(',')) {
    const keyword = KEYWORDS.find(([name]) => name === token);
    const [name = '', ...rest] = token.split('=');
    if (keyword !== undefined) {
      terms.push(term('dl_type', keyword[1]));
      if (keyword[2] !== undefined) terms.push(term('nw_proto', keyword[2]));
    } else {
      const parsed = isFieldName(name) ? parseValue(name, rest.join('=')) : undefined;
      if (parsed === undefined || !isFieldName(name)) return undefined;
      terms.push(term(name, parsed.value, parsed.mask));
    }
  }
  return extend([], ...terms);
}
