// The demultiplexer: decides, for every packet on the gateway's bridge, who receives it. Pure: a state in, flows out.
// This file is the class table of the design, in order of precedence; `classes.ts` derives the priorities from it.
// The rest of this folder follows packets through these flows, counts their classes, and reads and writes states.
import type { Cidr } from '../net/cidr.js';
import { type IpAddress, isIpv6, isLinkLocal } from '../net/ip.js';
import { linkLocalOf } from '../net/mac.js';
import { TRANSPORTS } from '../net/ports.js';
import type { Flow } from '../openflow/flow.js';
import { LOCAL } from '../openflow/ofport.js';
import { ANNOUNCEMENT_TABLE, announcementFlows } from './announcement.js';
import type { PacketClass } from './classes.js';
import { portlessFlows } from './portless.js';
import { ADVERTISEMENT, REQUEST, type Rule, rule, SOLICITATION, steer } from './rule.js';
import type { BridgeState, GatewayState, NodePort, RestrictedPort } from './state.js';
import { POD_ZONE, TRACKED_TABLE } from './zones.js';

const GENEVE_PORT = 6081;
const STT_PORT = 7471;
/** Echo request: RFC 792, RFC 4443 section 4.1. */
const ECHO_REQUEST = { v4: [8], v6: [128] };
/** Echo reply and the errors that quote a packet: RFC 792 and RFC 1122 section 3.2.2, RFC 4443 section 2.1. */
const REPLIES_AND_ERRORS = { v4: [0, 3, 4, 5, 11, 12], v6: [1, 2, 3, 4, 129] };

/**
 * Returns every flow of the gateway's bridge for `state`, one row of the class table after the other.
 *
 * A flow's priority comes from its class, so the order of this list has no effect on the switch.
 */
export function demuxFlows(state: GatewayState): Flow[] {
  const { mac, phys, patch, addresses } = state;
  const toMac = (name: PacketClass) => rule(name).from(phys).toMac(mac);
  const toIp = (name: PacketClass) => toMac(name).to(addresses);
  const toGroup = (name: PacketClass) => rule(name).from(phys).toGroup();
  // Where the bridge has other ports, NORMAL serves them along with LOCAL and PHYS.
  const toHosts = state.otherPorts ? 'NORMAL' : LOCAL;
  const toNetwork = state.otherPorts ? 'NORMAL' : phys;
  const portless = portlessFlows(state, toNetwork);

  return [
    // Without its priority tag a frame has its class. A tag of a VLAN behind that one makes it `other`.
    [phys, LOCAL].map((port) =>
      rule('other').ahead('tunnel', 2).from(port).priorityTagged().taggedTwice().output('NORMAL'),
    ),
    [phys, LOCAL, patch].map((port) =>
      steer('tunnel').ahead('tunnel', 1).from(port).priorityTagged().popTag().resubmit(0),
    ),

    toIp('tunnel').transport('udp', GENEVE_PORT).output(LOCAL),
    toIp('tunnel').transport('tcp', STT_PORT).output(LOCAL),
    rule('tunnel').from(LOCAL).fromIp(addresses).transport('udp', GENEVE_PORT).output(phys),
    rule('tunnel').from(LOCAL).fromIp(addresses).transport('tcp', STT_PORT).output(phys),

    rule('neighbour-request').from(phys).neighbourRequest(addresses).output(LOCAL),

    toMac('neighbour-reply').neighbourReply().output(LOCAL, patch),
    toGroup('neighbour-reply').neighbourReply().output(toHosts, patch),
    steer('neighbour-reply').from(phys).toGroup().arp({ op: REQUEST }).resubmit(ANNOUNCEMENT_TABLE),
    announcementFlows({ announced: [toHosts, patch], otherwise: [toHosts] }),

    toIp('echo-request').icmp(ECHO_REQUEST).output(LOCAL),

    toIp('fragment').laterFragment().output(LOCAL, patch),

    [...state.nodePorts].flatMap(nodePortFlows(state)),

    // Connection tracking in OVN would join such a packet, to a port that may be restricted.
    toMac('management').ahead('external', 1).firstWithoutPorts().output(LOCAL),
    [...state.restricted].flatMap(restrictedFlows(state)),
    [...state.served].flatMap(servedFlows(state)),

    toIp('icmp').icmp(REPLIES_AND_ERRORS).output(LOCAL, patch),

    podReturnFlows(state),
    portless.podReturn,

    toMac('management').output(LOCAL),

    toGroup('broadcast').output(toHosts),

    rule('pod-drop').ahead('pod-out', 2).from(patch).arp({ spa: addresses, tpa: addresses }).drop(),
    rule('pod-drop').ahead('pod-out', 2).from(patch).toGroup().nd(ADVERTISEMENT, addresses).drop(),
    portless.podOut,
    podOutFlows(state),
    rule('pod-drop').from(patch).anyTag().drop(),

    portless.hostOut,
    rule('host-out').from(LOCAL).output(toNetwork),

    rule('other').anyTag().output('NORMAL'),
  ].flat(2);
}

/** Returns, for the state of a bridge, a function that makes the flows of one node port (row 6). */
export function nodePortFlows({ mac, phys, patch, addresses }: BridgeState): (nodePort: NodePort) => Flow[] {
  // Built once: a gateway can have thousands of node ports.
  const toMac = rule('node-port').from(phys).toMac(mac);
  const toIp = toMac.to(addresses);
  return ({ protocol, port, at, sources }) => {
    const toPort = (at === undefined ? toIp : toMac.to(at)).transport(protocol, port);
    return sources === undefined ? toPort.output(patch) : onlyFrom(sources, toPort, 'node-port', patch);
  };
}

/**
 * Returns, for the state of a bridge, a function that makes the flows of one restricted port of a served address. An
 * address that host and gateway router share needs none, as in {@link servedFlows}.
 */
export function restrictedFlows(state: BridgeState): (restricted: RestrictedPort) => Flow[] {
  const { mac, phys, patch, addresses } = state;
  const toMac = rule('external').from(phys).toMac(mac);
  return ({ address, protocol, port, sources }) =>
    addresses.includes(address)
      ? []
      : onlyFrom(sources, toMac.to([address]).transport(protocol, port), 'external', patch);
}

/**
 * Returns the flows that send the packets of `toPort` to PATCH if they are from `sources`, and drop all others. They are
 * ahead of the plain rules of class `name`. Later fragments have no ports and go to the side that `fragment` or
 * `external` says, which drops them unless it has the first one.
 */
function onlyFrom(
  sources: readonly Cidr[],
  toPort: Rule,
  name: PacketClass,
  patch: BridgeState['patch'],
): Flow[] {
  if (patch === undefined) return [];
  return [...toPort.ahead(name, 2).fromNetworks(sources).output(patch), ...toPort.ahead(name, 1).drop()];
}

/**
 * Returns, for the state of a bridge, a function that makes the flows of one served address. They are row 7, and the
 * address's part of rows 2, 12 and 14. An address that host and gateway router share needs none: row 6 has its ports.
 * If this gateway does not answer for it, requests are like those for any other address, and OVN claims nothing.
 */
export function servedFlows(state: BridgeState): (address: IpAddress) => Flow[] {
  const { mac, phys, patch, addresses, answersServed } = state;
  return (address) => {
    if (addresses.includes(address)) return [];
    const served = [address];
    const podOut = rule('pod-out').from(patch).fromMac(mac);
    const hostOut = rule('host-out').ahead('host-out', 3).from(LOCAL);
    return [
      answersServed ? rule('neighbour-request').from(phys).neighbourRequest(served).output(patch) : [],

      rule('external').from(phys).toMac(mac).to(served).output(patch),

      answersServed ? podOut.arp({ spa: served, sha: mac }).output(phys) : dropClaims(state, served),
      isLinkLocal(address) ? [] : podOut.fromIp(served).output(phys),

      answersServed ? hostOut.to(served).output(patch) : [],
      answersServed ? hostOut.neighbourRequest(served).output(patch) : [],
    ].flat();
  };
}

/**
 * Returns the flows that keep OVN from claiming `addresses`, for which another host answers, by neighbour discovery. It
 * cannot claim them by ARP, for which each sender needs a flow.
 */
function dropClaims({ patch }: BridgeState, addresses: readonly IpAddress[]): Flow[] {
  const fromPatch = rule('pod-drop').ahead('pod-out', 2).from(patch);
  return [
    ...fromPatch.nd(ADVERTISEMENT, addresses).drop(),
    ...fromPatch.fromIp(addresses.filter(isIpv6)).nd(SOLICITATION).drop(),
  ];
}

/** Returns the flows of row 9, which tell return traffic of pods from the host's own. */
function podReturnFlows({ mac, phys, patch, addresses, demux }: BridgeState): Flow[] {
  if (demux.mode === 'port-range') {
    const toIp = rule('pod-return').from(phys).toMac(mac).to(addresses);
    return TRANSPORTS.flatMap((protocol) => toIp.transport(protocol, demux.range).output(patch));
  }
  if (patch === undefined) return [];
  const tracked = rule('pod-return').inTable(TRACKED_TABLE).from(phys);
  return [
    steer('pod-return').from(phys).toMac(mac).to(addresses).track(POD_ZONE, TRACKED_TABLE),
    tracked.ctState('est').output(patch),
    tracked.ctState('rel').output(patch),
    rule('management').inTable(TRACKED_TABLE).from(phys).output(LOCAL),
  ].flat();
}

/** Returns the flows of row 12: what the gateway router may send under the host's MAC. */
function podOutFlows({ mac, phys, patch, addresses, demux }: BridgeState): Flow[] {
  const out = rule('pod-out').from(patch).fromMac(mac);
  const linkLocal = [linkLocalOf(mac)];
  const uncommitted = [
    out.arp({ spa: addresses, sha: mac }).output(phys),
    out.fromIp(linkLocal).nd(SOLICITATION).output(phys),
    out.fromIp(linkLocal).nd(ADVERTISEMENT).output(phys),
  ];
  if (demux.mode === 'port-range') return uncommitted.flat();
  return [
    ...untracked(out, addresses).map((one) => one.output(phys)),
    ...uncommitted,
    out.fromIp(addresses).commit(POD_ZONE).output(phys),
  ].flat();
}

/** Narrows `out` to neighbour discovery and later fragments: neither has a connection that could be committed. */
function untracked(out: Rule, addresses: readonly IpAddress[]): readonly Rule[] {
  const ahead = out.ahead('pod-out', 1);
  const v6 = addresses.filter(isIpv6);
  return [
    ahead.fromIp(v6).nd(SOLICITATION),
    ahead.fromIp(v6).nd(ADVERTISEMENT),
    ahead.fromIp(addresses).laterFragment(),
  ];
}
