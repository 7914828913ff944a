/** Bits of `ct_state` (ovs-fields(7), "Connection Tracking State"), in the order in which `ovs-ofctl` prints them. */
const CT_FLAGS = {
  new: 0x01n,
  est: 0x02n,
  rel: 0x04n,
  rpl: 0x08n,
  inv: 0x10n,
  trk: 0x20n,
} as const;

type CtFlag = keyof typeof CT_FLAGS;

/** `ct_state` of a packet that no `ct` action has seen. */
export const UNTRACKED = 0n;

/** What connection tracking says of a packet's connection: it is new, established or related. */
export const CT_STATES = ['new', 'est', 'rel'] as const;
export type CtState = (typeof CT_STATES)[number];

/** Returns the `ct_state` that a `ct` action gives to a packet of a new, established or related connection. */
export function trackedAs(state: CtState): bigint {
  return CT_FLAGS.trk | CT_FLAGS[state];
}

/** Formats `ct_state` as `ovs-ofctl` prints it: `+est+trk`. */
export function formatCtState(value: bigint, mask: bigint): string {
  return Object.entries(CT_FLAGS)
    .filter(([, bit]) => mask & bit)
    .map(([flag, bit]) => `${value & bit ? '+' : '-'}${flag}`)
    .join('');
}

/** Parses what {@link formatCtState} prints; returns `undefined` for any other text. */
export function parseCtState(text: string): { value: bigint; mask: bigint } | undefined {
  let value = 0n;
  let mask = 0n;
  const flags = text.match(/[+-][a-z]+/g) ?? [];
  if (flags.length === 0 || flags.join('') !== text) return undefined;
  for (const flag of flags) {
    const name = flag.slice(1);
    if (!isCtFlag(name)) return undefined;
    mask |= CT_FLAGS[name];
    if (flag.startsWith('+')) value |= CT_FLAGS[name];
  }
  return { value, mask };
}

function isCtFlag(text: string): text is CtFlag {
  return Object.hasOwn(CT_FLAGS, text);
}
