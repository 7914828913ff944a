import fc from 'fast-check';
import type { Action } from '../../src/openflow/actions.js';
import { makeCookie } from '../../src/openflow/cookie.js';
import { type FieldName, fullMask } from '../../src/openflow/fields.js';
import { type Flow, flow } from '../../src/openflow/flow.js';
import {
  ETH_ARP,
  ETH_IPV4,
  ETH_IPV6,
  extend,
  type Match,
  type Term,
  term,
} from '../../src/openflow/match.js';
import { LOCAL } from '../../src/openflow/ofport.js';
import { port } from '../demux/sample.js';

const PORT = fc.constantFrom(port(1), port(2), port(3), port(4), LOCAL);

/** The field with any value under any mask but zero, or no field. */
function masked(field: FieldName): fc.Arbitrary<readonly Term[]> {
  const all = fullMask(field);
  const value = fc.bigInt({ min: 0n, max: all });
  const mask = fc.oneof(fc.constant(all), fc.bigInt({ min: 1n, max: all }));
  return perhaps(fc.tuple(value, mask).map(([one, under]) => [term(field, one, under)]));
}

/** The field with any value under any prefix, or no field. `ovs-ofctl` cannot parse every other mask of IPv6. */
function prefixed(field: FieldName): fc.Arbitrary<readonly Term[]> {
  const all = fullMask(field);
  const value = fc.bigInt({ min: 0n, max: all });
  const bits = BigInt(all.toString(2).length);
  const length = fc.bigInt({ min: 1n, max: bits });
  return perhaps(
    fc.tuple(value, length).map(([one, prefix]) => [term(field, one, (all << (bits - prefix)) & all)]),
  );
}

/** The field with any value, or no field. */
function exact(field: FieldName, most = Number(fullMask(field))): fc.Arbitrary<readonly Term[]> {
  return perhaps(fc.nat(most).map((value) => [term(field, value)]));
}

function perhaps(terms: fc.Arbitrary<readonly Term[]>): fc.Arbitrary<readonly Term[]> {
  return fc.oneof(fc.constant([]), terms);
}

function allOf(...parts: readonly fc.Arbitrary<readonly Term[]>[]): fc.Arbitrary<readonly Term[]> {
  return fc.tuple(...parts).map((terms) => terms.flat());
}

/** Fields that need no prerequisite. A tag is absent, present, or matched under a mask. */
const link = allOf(
  perhaps(PORT.map((one) => [term('in_port', one)])),
  perhaps(
    fc
      .constantFrom([0, 0x1fff], [0x1000, 0x1fff], [0x1064, 0x1fff], [0x1000, 0x1000], [0x1050, 0x1ff0])
      .map(([v = 0, m = 0]) => [term('vlan_tci', v, m)]),
  ),
  masked('dl_src'),
  masked('dl_dst'),
  masked('reg0'),
);

const FRAGMENTS = fc.constantFrom([0n, 3n], [1n, 3n], [3n, 3n], [1n, 1n], [0n, 2n]);
const CT_STATES = fc.constantFrom(
  [0x20n, 0x20n],
  [0n, 0x20n],
  [0x21n, 0x21n],
  [0x2an, 0x2an],
  [0x22n, 0x33n],
);

function ip(v6: boolean): fc.Arbitrary<readonly Term[]> {
  const [source, destination] = v6 ? (['ipv6_src', 'ipv6_dst'] as const) : (['nw_src', 'nw_dst'] as const);
  return allOf(
    fc.constant([term('dl_type', v6 ? ETH_IPV6 : ETH_IPV4)]),
    v6 ? prefixed(source) : masked(source),
    v6 ? prefixed(destination) : masked(destination),
    perhaps(FRAGMENTS.map(([v = 0n, m = 0n]) => [term('nw_frag', v, m)])),
    perhaps(CT_STATES.map(([v = 0n, m = 0n]) => [term('ct_state', v, m)])),
    fc.oneof(
      fc.constant([]),
      allOf(
        fc.constantFrom(6, 17, 132).map((protocol) => [term('nw_proto', protocol)]),
        masked('tp_src'),
        masked('tp_dst'),
      ),
      allOf(fc.constant([term('nw_proto', v6 ? 58 : 1)]), exact('icmp_type', 130), exact('icmp_code')),
      v6
        ? allOf(
            fc.constantFrom(135, 136).map((type) => [term('nw_proto', 58), term('icmp_type', type)]),
            prefixed('nd_target'),
          )
        : fc.constant([]),
    ),
  );
}

const arp = allOf(
  fc.constant([term('dl_type', ETH_ARP)]),
  exact('arp_op', 2).filter(([op]) => op?.value !== 0n),
  masked('arp_spa'),
  masked('arp_tpa'),
  masked('arp_sha'),
);

/** A match that OVS accepts. OVS refuses ports in a match for later fragments. */
export const anyMatch: fc.Arbitrary<Match> = allOf(link, fc.oneof(fc.constant([]), ip(false), ip(true), arp))
  .map((terms) => extend([], ...terms))
  .map((match) =>
    match.some(({ field, value }) => field === 'nw_frag' && value === 3n)
      ? match.filter(({ field }) => !/^(tp_|icmp_|nd_)/.test(field))
      : match,
  );

const table = fc.nat(253);

/** An action that any flow can have. */
const plainAction: fc.Arbitrary<Action> = fc.oneof(
  PORT.map((one): Action => ({ kind: 'output', port: one })),
  fc.constant<Action>({ kind: 'normal' }),
  fc.nat(0xffffffff).map((value): Action => ({ kind: 'set_reg0', value })),
  table.map((one): Action => ({ kind: 'resubmit', table: one })),
);

const ctAction: fc.Arbitrary<Action> = fc
  .record({
    zone: fc.integer({ min: 1, max: 0xffff }),
    commit: fc.boolean(),
    table: fc.option(table, { nil: undefined }),
  })
  .map(({ zone, commit, table: next }) => ({
    kind: 'ct',
    zone,
    ...(commit ? { commit } : {}),
    ...(next === undefined ? {} : { table: next }),
  }));

/** Actions for a match; connection tracking needs IP. */
function actionsFor(match: Match): fc.Arbitrary<readonly Action[]> {
  const isIp = match.some(({ field, value }) => field === 'dl_type' && value !== BigInt(ETH_ARP));
  const isTagged = match.some(({ field, value }) => field === 'vlan_tci' && value !== 0n);
  const actions = fc.array(isIp ? fc.oneof(plainAction, ctAction) : plainAction, { maxLength: 4 });
  // The switch refuses to pop a tag that the match does not require.
  const pop: fc.Arbitrary<readonly Action[]> = fc.constantFrom([], isTagged ? [{ kind: 'pop_vlan' }] : []);
  return fc.tuple(pop, actions).map((parts) => parts.flat());
}

/** A flow of the model that OVS accepts. */
export const anyFlow: fc.Arbitrary<Flow> = anyMatch.chain((match) =>
  fc
    .record({
      table,
      priority: fc.integer({ min: 1, max: 0xffff }),
      actions: actionsFor(match),
      counted: fc.nat(15),
    })
    .map(({ counted, ...parts }) => flow({ ...parts, match }, (text) => makeCookie(counted, text))),
);

/** Flows of one bridge: no two have the same key. */
export const anyFlows: fc.Arbitrary<readonly Flow[]> = fc.uniqueArray(anyFlow, {
  minLength: 1,
  maxLength: 60,
  selector: ({ key }) => key,
});
