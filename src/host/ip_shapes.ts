import type { Shape } from './ip_json.js';

/** Lists the fields of one kind. */
function fields<K extends string>(kind: K, names: string): Record<string, K> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}

/** The shapes of the types in `snapshot.ts`: what `ip -json` prints, and what the journal of a move has. */
export const ADDRESS: Shape = {
  required: ['family', 'local', 'prefixlen'],
  fields: {
    ...fields('text', 'family local address broadcast label'),
    ...fields('number', 'prefixlen valid_life_time preferred_life_time metric'),
    ...fields('word', 'scope protocol'),
  },
};

export const LINK: Shape = {
  required: ['ifindex', 'ifname', 'mtu', 'flags'],
  fields: {
    ...fields('number', 'ifindex mtu'),
    ...fields('text', 'ifname address master link link_type inet6_addr_gen_mode'),
    flags: 'texts',
    linkinfo: { one: { required: [], fields: { info_kind: 'text' } } },
  },
};

/** A link of `ip address show`, with its addresses. */
export const LINK_ADDRESSES: Shape = {
  required: ['ifname'],
  fields: {
    ...fields('text', 'ifname'),
    ...fields('number', 'mtu'),
    flags: 'texts',
    addr_info: { each: ADDRESS },
  },
};

/** A link of `ip -details address show`, which prints more of the link than without `-details`. */
export const ADDRESSED_LINK: Shape = {
  required: LINK.required,
  fields: { ...LINK.fields, addr_info: { each: ADDRESS } },
};

/** {@link LINK_ADDRESSES} for readers that pass over an entry without the fields that they need. */
export const SHOWN_LINK: Shape = {
  required: [],
  fields: { ...LINK_ADDRESSES.fields, addr_info: { each: { ...ADDRESS, required: [] } } },
};

const HOP: Shape = {
  required: [],
  fields: {
    ...fields('text', 'dev gateway'),
    ...fields('number', 'weight'),
    flags: 'texts',
    via: { one: { required: ['host'], fields: fields('text', 'family host') } },
    flow: { one: { required: ['to'], fields: fields('word', 'from to') } },
  },
};

export const ROUTE: Shape = {
  required: ['dst'],
  fields: {
    ...HOP.fields,
    ...fields('text', 'dst from prefsrc'),
    ...fields('word', 'type table protocol scope tos pref'),
    ...fields('number', 'metric expires nhid'),
    metrics: { each: { required: [], fields: {} } },
    nexthops: { each: HOP },
  },
};

export const RULE: Shape = {
  required: ['priority'],
  fields: {
    ...fields('text', 'src dst iif oif'),
    ...fields(
      'number',
      'priority srclen dstlen sport sport_start sport_end dport dport_start dport_end uid_start uid_end tun_id suppress_prefixlen goto',
    ),
    ...fields(
      'word',
      'tos fwmark fwmask ipproto dscp dscp_mask flowlabel flowlabel_mask sport_mask dport_mask table protocol suppress_ifgroup flow_from flow_to action',
    ),
  },
};

export const NEIGHBOUR: Shape = {
  required: ['dst'],
  fields: { ...fields('text', 'dst lladdr'), protocol: 'word', state: 'texts' },
};

/** A snapshot as the journal of a move has it. */
export const SNAPSHOT: Shape = {
  required: ['device', 'link', 'addresses', 'routes', 'rules', 'neighbours'],
  fields: {
    device: 'text',
    link: { one: LINK },
    addresses: { each: ADDRESS },
    routes: { each: ROUTE },
    rules: { each: RULE },
    neighbours: { each: NEIGHBOUR },
  },
};

/** A `BootTime` as the journal has it. */
export const BOOT_TIME: Shape = {
  required: ['boot', 'seconds'],
  fields: { boot: 'text', seconds: 'number' },
};
