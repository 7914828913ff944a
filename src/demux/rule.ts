import { familyOf, type IpAddress } from '../net/ip.js';
import type { MacAddress } from '../net/mac.js';
import type { Transport } from '../net/ports.js';
import { maskedPorts, type PortRange } from '../net/ports.js';
import type { Action } from '../openflow/actions.js';
import { makeCookie } from '../openflow/cookie.js';
import { type FieldName, ipNumber, macNumber } from '../openflow/fields.js';
import { type Flow, flow } from '../openflow/flow.js';
import { ETH_ARP, ETH_IPV4, ETH_IPV6, extend, type Match, type Term, term } from '../openflow/match.js';
import type { Ofport } from '../openflow/ofport.js';
import { classId, type PacketClass, priorityOf } from './classes.js';

const PROTOCOL: Readonly<Record<Transport, Term>> = {
  tcp: term('nw_proto', 6),
  udp: term('nw_proto', 17),
  sctp: term('nw_proto', 132),
};
const ICMP = 1;
const ICMP6 = 58;
/** `vlan_tci=0` under CFI (in OVS: "tag present") and VID: no tag, not even a priority tag (ovs-fields(7)). */
const UNTAGGED = term('vlan_tci', 0, 0x1fff);
const GROUP_BIT = 0x010000000000n;

/** A class of packets: `rule('tunnel')`. Nothing is matched yet but the absence of a VLAN tag. */
export function rule(name: PacketClass): Rule {
  return new Rule({ counted: classId(name), priority: priorityOf(name), table: 0 }, [[UNTAGGED]]);
}

/** A rule that only sends packets on to another table, at the precedence of `name`; it counts for no class. */
export function steer(name: PacketClass): Rule {
  return new Rule({ counted: 0, priority: priorityOf(name), table: 0 }, [[UNTAGGED]]);
}

interface Place {
  readonly counted: number;
  readonly priority: number;
  readonly table: number;
}

/**
 * A row of the demultiplexer being written: each method narrows what is matched and returns a new rule.
 * A list of values stands for as many matches; a port that the bridge does not have, for none.
 */
export class Rule {
  constructor(
    private readonly place: Place,
    private readonly matches: readonly Match[],
  ) {}

  from(port: Ofport | undefined): Rule {
    return port === undefined ? this.each([]) : this.each([[term('in_port', port)]]);
  }

  /** In another table than the first, where the packet was sent on. */
  inTable(table: number): Rule {
    return new Rule({ ...this.place, table }, this.matches);
  }

  /** Ahead of the rules of class `name` instead of at this class's own precedence, and of those less far ahead. */
  ahead(name: PacketClass, by = 1): Rule {
    return new Rule({ ...this.place, priority: priorityOf(name) + by }, this.matches);
  }

  /** Frames whatever their VLAN tag. */
  anyTag(): Rule {
    return new Rule(
      this.place,
      this.matches.map((match) => match.filter(({ field }) => field !== 'vlan_tci')),
    );
  }

  toMac(mac: MacAddress): Rule {
    return this.each([[term('dl_dst', macNumber(mac))]]);
  }

  /** To a group address: broadcast or multicast (the I/G bit, IEEE 802-2014 section 8.2). */
  toGroup(): Rule {
    return this.each([[term('dl_dst', GROUP_BIT, GROUP_BIT)]]);
  }

  fromMac(mac: MacAddress): Rule {
    return this.each([[term('dl_src', macNumber(mac))]]);
  }

  to(...addresses: readonly IpAddress[]): Rule {
    return this.each(addresses.map((ip) => ipTerms(ip, 'nw_dst', 'ipv6_dst')));
  }

  fromIp(...addresses: readonly IpAddress[]): Rule {
    return this.each(addresses.map((ip) => ipTerms(ip, 'nw_src', 'ipv6_src')));
  }

  transport(protocol: Transport, ...ports: readonly (number | PortRange)[]): Rule {
    const targets = ports.flatMap((port) =>
      typeof port === 'number'
        ? [term('tp_dst', port)]
        : maskedPorts(port).map((one) => term('tp_dst', one.value, one.mask)),
    );
    return this.each(targets.map((target) => [PROTOCOL[protocol], target]));
  }

  /** ICMP of these types for an IPv4 match, ICMPv6 of those for an IPv6 one. */
  icmp(types: { readonly v4: readonly number[]; readonly v6: readonly number[] }): Rule {
    const matches = this.matches.flatMap((match) => {
      const v6 = match.some(({ field, value }) => field === 'dl_type' && value === BigInt(ETH_IPV6));
      const proto = term('nw_proto', v6 ? ICMP6 : ICMP);
      return (v6 ? types.v6 : types.v4).map((type) => extend(match, proto, term('icmp_type', type)));
    });
    return new Rule(this.place, matches);
  }

  /** Second and later fragments (`nw_frag=later`, ovs-fields(7)); meant for `nx-match` handling. */
  laterFragment(): Rule {
    return this.each([[term('nw_frag', 3)]]);
  }

  /** ARP (RFC 826) with this operation, sender and target protocol address, and sender hardware address. */
  arp(parts: { op?: 1 | 2; spa?: readonly Term[]; tpa?: readonly IpAddress[]; sha?: MacAddress }): Rule {
    const base = [
      term('dl_type', ETH_ARP),
      ...(parts.op === undefined ? [] : [term('arp_op', parts.op)]),
      ...(parts.sha === undefined ? [] : [term('arp_sha', macNumber(parts.sha))]),
    ];
    const senders = parts.spa === undefined ? [[]] : parts.spa.map((one) => [one]);
    const targets =
      parts.tpa === undefined ? [[]] : parts.tpa.filter(isV4).map((ip) => [term('arp_tpa', ipNumber(ip))]);
    return this.each([base]).each(senders).each(targets);
  }

  /** Neighbour solicitation (135) or advertisement (136), RFC 4861 section 4.3, optionally for these targets. */
  nd(type: 135 | 136, targets?: readonly IpAddress[]): Rule {
    const base = [term('dl_type', ETH_IPV6), term('nw_proto', ICMP6), term('icmp_type', type)];
    const targetTerms =
      targets === undefined ? [[]] : targets.filter(isV6).map((ip) => [term('nd_target', ipNumber(ip))]);
    return this.each([base]).each(targetTerms);
  }

  /** Any other terms, for the few rules that need them. */
  where(...terms: readonly Term[]): Rule {
    return this.each([terms]);
  }

  /** The flows that send these packets to `ports`; none when none of the ports is there. */
  output(...ports: readonly (Ofport | undefined)[]): Flow[] {
    const present = ports.filter((port) => port !== undefined);
    return present.length === 0 ? [] : this.do(...present.map((port): Action => ({ kind: 'output', port })));
  }

  drop(): Flow[] {
    return this.do();
  }

  do(...actions: readonly Action[]): Flow[] {
    const { counted, priority, table } = this.place;
    return this.matches.map((match) =>
      flow({ table, priority, match, actions }, (text) => makeCookie(counted, text)),
    );
  }

  private each(alternatives: readonly (readonly Term[])[]): Rule {
    return new Rule(
      this.place,
      this.matches.flatMap((match) => alternatives.map((terms) => extend(match, ...terms))),
    );
  }
}

/** `arp_spa` of each IPv4 address in `addresses`. */
export function sentBy(addresses: readonly IpAddress[]): Term[] {
  return addresses.filter(isV4).map((ip) => term('arp_spa', ipNumber(ip)));
}

function ipTerms(ip: IpAddress, v4: FieldName, v6: FieldName): readonly Term[] {
  return isV4(ip)
    ? [term('dl_type', ETH_IPV4), term(v4, ipNumber(ip))]
    : [term('dl_type', ETH_IPV6), term(v6, ipNumber(ip))];
}

function isV4(ip: IpAddress): boolean {
  return familyOf(ip) === 4;
}

function isV6(ip: IpAddress): boolean {
  return familyOf(ip) === 6;
}
