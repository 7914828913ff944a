import type { Cidr } from '../net/cidr.js';
import { type IpAddress, isIpv4, isIpv6 } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import { maskedPorts, type PortRange, PROTOCOL_NUMBERS, type Transport } from '../net/ports.js';
import type { Action } from '../openflow/actions.js';
import { makeCookie } from '../openflow/cookie.js';
import { type CtState, trackedAs } from '../openflow/ct_state.js';
import {
  type FieldName,
  ipNumber,
  macNumber,
  prefixMask,
  TAG_AND_VID,
  TAG_PRESENT,
} from '../openflow/fields.js';
import { type Flow, flow } from '../openflow/flow.js';
import { ETH_ARP, ETH_IPV4, ETH_IPV6, extend, type Match, type Term, term } from '../openflow/match.js';
import type { Ofport } from '../openflow/ofport.js';
import { classId, type PacketClass, priorityOf } from './classes.js';
import { type Destination, outputActions } from './destination.js';

/** Operations of ARP (RFC 826). */
export const REQUEST = 1;
const REPLY = 2;
/** Neighbour solicitation and advertisement (RFC 4861 sections 4.3 and 4.4). */
export const SOLICITATION = 135;
export const ADVERTISEMENT = 136;

const PROTOCOL: Readonly<Record<Transport, Term>> = {
  tcp: term('nw_proto', PROTOCOL_NUMBERS.tcp),
  udp: term('nw_proto', PROTOCOL_NUMBERS.udp),
  sctp: term('nw_proto', PROTOCOL_NUMBERS.sctp),
};
const ICMP = 1;
const ICMP6 = 58;
/** RFC 9568. A router that is the backup only receives, so connection tracking could not tell what is its own. */
const VRRP = 112;
/** `vlan_tci=0` under CFI (in OVS: "tag present") and VID: no VLAN tag, not even a priority tag (ovs-fields(7)). */
const UNTAGGED = term('vlan_tci', 0, TAG_AND_VID);
/** A tag of VLAN 0, which only carries a priority (IEEE 802.1Q-2018 section 6.9). */
const PRIORITY_TAGGED = term('vlan_tci', TAG_PRESENT, TAG_AND_VID);
/** The types of tags (IEEE 802.1Q, 802.1ad). A frame has one as its `dl_type` if another tag is before it. */
const TAG_TYPES = [0x8100, 0x88a8];
const GROUP_BIT = 0x010000000000n;

/** Begins a rule of class `name`: it matches every frame without a VLAN tag. */
export function rule(name: PacketClass): Rule {
  return new Rule({ countedClass: classId(name), priority: priorityOf(name), table: 0 }, [[UNTAGGED]], []);
}

/** Begins a rule that only sends packets on to another table, at the priority of `name`. It counts for no class. */
export function steer(name: PacketClass): Rule {
  return new Rule({ countedClass: 0, priority: priorityOf(name), table: 0 }, [[UNTAGGED]], []);
}

interface Place {
  readonly countedClass: number;
  readonly priority: number;
  readonly table: number;
}

/**
 * A rule being written: each method narrows the match and returns a new rule.
 * A list of values makes one match for each; a port that the bridge lacks makes none.
 */
export class Rule {
  constructor(
    private readonly place: Place,
    private readonly matches: readonly Match[],
    private readonly actions: readonly Action[],
  ) {}

  /** Matches packets that enter the bridge by `port`. */
  from(port: Ofport | undefined): Rule {
    return port === undefined ? this.each([]) : this.each([[term('in_port', port)]]);
  }

  /** Puts the rule into `table`, for packets that another rule sent there. */
  inTable(table: number): Rule {
    return new Rule({ ...this.place, table }, this.matches, this.actions);
  }

  /** Gives the rule the priority of class `name` plus `steps`, ahead of the plain rules of that class. */
  ahead(name: PacketClass, steps: 1 | 2 | 3): Rule {
    return new Rule({ ...this.place, priority: priorityOf(name) + steps }, this.matches, this.actions);
  }

  /** Matches frames with any VLAN tag or none. */
  anyTag(): Rule {
    const matches = this.matches.map((match) => match.filter(({ field }) => field !== 'vlan_tci'));
    return new Rule(this.place, matches, this.actions);
  }

  /** Matches frames with a priority tag. */
  priorityTagged(): Rule {
    return this.each([[PRIORITY_TAGGED]]);
  }

  /** Matches frames with another tag behind the first one. The switch reads only one by default (`vlan-limit`). */
  taggedTwice(): Rule {
    return this.each(TAG_TYPES.map((type) => [term('dl_type', type)]));
  }

  toMac(mac: MacAddress): Rule {
    return this.each([[term('dl_dst', macNumber(mac))]]);
  }

  /** Matches frames to a group address: broadcast or multicast (the I/G bit, IEEE 802-2014 section 8.2). */
  toGroup(): Rule {
    return this.each([[term('dl_dst', GROUP_BIT, GROUP_BIT)]]);
  }

  fromMac(mac: MacAddress): Rule {
    return this.each([[term('dl_src', macNumber(mac))]]);
  }

  to(addresses: readonly IpAddress[]): Rule {
    return this.each(addresses.map((ip) => ipTerms(ip, 'nw_dst', 'ipv6_dst')));
  }

  fromIp(addresses: readonly IpAddress[]): Rule {
    return this.each(addresses.map((ip) => ipTerms(ip, 'nw_src', 'ipv6_src')));
  }

  /** Matches packets from each of `networks` that is of the match's own family. */
  fromNetworks(networks: readonly Cidr[]): Rule {
    const matches = this.matches.flatMap((match) =>
      networks
        .filter(({ family }) => family === (isV6(match) ? 6 : 4))
        .map(({ address, prefix, family }) => {
          const [field, bits] = family === 4 ? (['nw_src', 32] as const) : (['ipv6_src', 128] as const);
          // A term under an empty mask is none: the switch would not give it back.
          return prefix === 0
            ? match
            : extend(match, term(field, ipNumber(address), prefixMask(prefix, bits)));
        }),
    );
    return new Rule(this.place, matches, this.actions);
  }

  /** Matches the destination port; a range becomes as few masked matches as cover it. */
  transport(protocol: Transport, port: number | PortRange): Rule {
    const targets =
      typeof port === 'number'
        ? [term('tp_dst', port)]
        : maskedPorts(port).map((one) => term('tp_dst', one.value, one.mask));
    return this.each(targets.map((target) => [PROTOCOL[protocol], target]));
  }

  /** Matches what needs no connection tracking in any mode: TCP, UDP, SCTP, the ICMP of the match's family, and VRRP. */
  stateless(): Rule {
    const matches = this.matches.flatMap((match) => {
      const others = [isV6(match) ? ICMP6 : ICMP, VRRP].map((number) => term('nw_proto', number));
      return [...Object.values(PROTOCOL), ...others].map((protocol) => extend(match, protocol));
    });
    return new Rule(this.place, matches, this.actions);
  }

  /** Matches the types `v4` of ICMP in an IPv4 match, and the types `v6` of ICMPv6 in an IPv6 match. */
  icmp(types: { readonly v4: readonly number[]; readonly v6: readonly number[] }): Rule {
    const matches = this.matches.flatMap((match) => {
      const v6 = isV6(match);
      const proto = term('nw_proto', v6 ? ICMP6 : ICMP);
      return (v6 ? types.v6 : types.v4).map((type) => extend(match, proto, term('icmp_type', type)));
    });
    return new Rule(this.place, matches, this.actions);
  }

  /** Matches second and later fragments (`nw_frag=later`, ovs-fields(7)) of a bridge with `nx-match` handling. */
  laterFragment(): Rule {
    return this.each([[term('nw_frag', 3)]]);
  }

  /**
   * Matches first fragments of TCP and SCTP that end before the header does. The switch reads no ports from them, so
   * both are 0.
   */
  firstWithoutPorts(): Rule {
    const families = [[term('dl_type', ETH_IPV4)], [term('dl_type', ETH_IPV6)]];
    const protocols = [PROTOCOL.tcp, PROTOCOL.sctp].map((one) => [
      one,
      term('nw_frag', 1),
      term('tp_dst', 0),
    ]);
    return this.each(families).each(protocols);
  }

  /** Matches every fragment (`nw_frag=yes`). */
  fragment(): Rule {
    return this.each([[term('nw_frag', 1, 1)]]);
  }

  /** Matches what connection tracking says of a packet that has passed through a zone. */
  ctState(state: CtState): Rule {
    return this.each([[term('ct_state', trackedAs(state), trackedAs(state))]]);
  }

  /** Matches ARP requests and neighbour solicitations for each of `targets`. */
  neighbourRequest(targets: readonly IpAddress[]): Rule {
    return this.either([this.arp({ op: REQUEST, tpa: targets }), this.nd(SOLICITATION, targets)]);
  }

  /** Matches ARP replies and neighbour advertisements. */
  neighbourReply(): Rule {
    return this.either([this.arp({ op: REPLY }), this.nd(ADVERTISEMENT)]);
  }

  /** Matches ARP (RFC 826) by operation, sender and target protocol address, and sender hardware address. */
  arp(parts: {
    op?: typeof REQUEST | typeof REPLY;
    spa?: readonly IpAddress[];
    tpa?: readonly IpAddress[];
    sha?: MacAddress;
  }): Rule {
    const base = [
      term('dl_type', ETH_ARP),
      ...(parts.op === undefined ? [] : [term('arp_op', parts.op)]),
      ...(parts.sha === undefined ? [] : [term('arp_sha', macNumber(parts.sha))]),
    ];
    const addressTerms = (field: 'arp_spa' | 'arp_tpa', addresses: readonly IpAddress[] | undefined) =>
      addresses === undefined ? [[]] : addresses.filter(isIpv4).map((ip) => [term(field, ipNumber(ip))]);
    return this.each([base])
      .each(addressTerms('arp_spa', parts.spa))
      .each(addressTerms('arp_tpa', parts.tpa));
  }

  /** Matches neighbour discovery of this type, for each of `targets` if they are given. */
  nd(type: typeof SOLICITATION | typeof ADVERTISEMENT, targets?: readonly IpAddress[]): Rule {
    const base = [term('dl_type', ETH_IPV6), term('nw_proto', ICMP6), term('icmp_type', type)];
    const targetTerms =
      targets === undefined ? [[]] : targets.filter(isIpv6).map((ip) => [term('nd_target', ipNumber(ip))]);
    return this.each([base]).each(targetTerms);
  }

  /** Commits the packet's connection to `zone` before it is output. */
  commit(zone: number): Rule {
    return new Rule(this.place, this.matches, [...this.actions, { kind: 'ct', zone, commit: true }]);
  }

  /** Takes the tag off the packet. */
  popTag(): Rule {
    return new Rule(this.place, this.matches, [...this.actions, { kind: 'pop_vlan' }]);
  }

  /** Returns the flows that send the packets to each of `destinations`; none if the bridge has none of those ports. */
  output(...destinations: readonly Destination[]): Flow[] {
    const outputs = outputActions(destinations);
    return outputs.length === 0 ? [] : this.flows(outputs);
  }

  drop(): Flow[] {
    return this.flows([]);
  }

  /** Returns the flows that send the packets on to `table`. */
  resubmit(table: number): Flow[] {
    return this.flows([{ kind: 'resubmit', table }]);
  }

  /** Returns the flows that send the packets through `zone` and then on to `table`. */
  track(zone: number, table: number): Flow[] {
    return this.flows([{ kind: 'ct', zone, table }]);
  }

  private flows(last: readonly Action[]): Flow[] {
    const { countedClass, priority, table } = this.place;
    const actions = [...this.actions, ...last];
    return this.matches.map((match) =>
      flow({ table, priority, match, actions }, (text) => makeCookie(countedClass, text)),
    );
  }

  private each(alternatives: readonly (readonly Term[])[]): Rule {
    const matches = this.matches.flatMap((match) => alternatives.map((terms) => extend(match, ...terms)));
    return new Rule(this.place, matches, this.actions);
  }

  private either(rules: readonly Rule[]): Rule {
    return new Rule(
      this.place,
      rules.flatMap(({ matches }) => matches),
      this.actions,
    );
  }
}

function isV6(match: Match): boolean {
  return match.some(({ field, value }) => field === 'dl_type' && value === BigInt(ETH_IPV6));
}

function ipTerms(ip: IpAddress, v4: FieldName, v6: FieldName): readonly Term[] {
  return isIpv4(ip)
    ? [term('dl_type', ETH_IPV4), term(v4, ipNumber(ip))]
    : [term('dl_type', ETH_IPV6), term(v6, ipNumber(ip))];
}
