import type { Flow } from '../openflow/flow.js';
import { LOCAL } from '../openflow/ofport.js';
import type { Destination } from './destination.js';
import { rule, steer } from './rule.js';
import type { BridgeState } from './state.js';
import { HOST_ZONE, POD_ZONE, TRACKED_TABLE } from './zones.js';

/** Decides on a packet of a pod's connection that has passed through the host's zone. */
const CONTESTED_TABLE = 3;

/**
 * The flows, in `port-range` mode, of IP protocols without ports, such as GRE and ESP: no port tells a pod's replies
 * from the host's packets, so connection tracking does. It sees neither TCP, UDP, SCTP nor ICMP, nor fragments. VRRP is
 * always the host's: a pod must not take the advertisements that keep a host of keepalived the backup.
 */
export interface PortlessFlows {
  readonly podReturn: readonly Flow[];
  readonly podOut: readonly Flow[];
  readonly hostOut: readonly Flow[];
}

/**
 * Returns the flows of protocols without ports.
 *
 * What pods send is committed to one zone and what the host sends to another. A reply reaches PATCH if only pods have
 * sent to its sender: a pod cannot take the replies to a tunnel of the host, as both have the same addresses.
 */
export function portlessFlows(state: BridgeState, toNetwork: Destination): PortlessFlows {
  const { mac, phys, patch, addresses, demux } = state;
  if (demux.mode !== 'port-range' || patch === undefined) return { podReturn: [], podOut: [], hostOut: [] };
  const toIp = (one: typeof management) => one.from(phys).toMac(mac).to(addresses);
  const management = rule('management');
  const podOut = rule('pod-out').from(patch).fromMac(mac).fromIp(addresses);
  const hostOut = rule('host-out').from(LOCAL).fromIp(addresses);
  const [podOutAhead, hostOutAhead] = [podOut.ahead('pod-out', 1), hostOut.ahead('host-out', 2)];
  return {
    podReturn: [
      toIp(management.ahead('management', 3)).stateless().output(LOCAL),
      toIp(rule('fragment').ahead('management', 2)).fragment().output(LOCAL, patch),
      toIp(steer('management').ahead('management', 1)).track(POD_ZONE, TRACKED_TABLE),
      steer('pod-return')
        .inTable(TRACKED_TABLE)
        .from(phys)
        .to(addresses)
        .ctState('est')
        .track(HOST_ZONE, CONTESTED_TABLE),
      management.inTable(TRACKED_TABLE).from(phys).output(LOCAL),
      management.ahead('pod-return', 1).inTable(CONTESTED_TABLE).from(phys).ctState('est').output(LOCAL),
      rule('pod-return').inTable(CONTESTED_TABLE).from(phys).output(patch),
    ].flat(),
    podOut: [
      podOutAhead.stateless().output(phys),
      podOutAhead.fragment().output(phys),
      podOut.commit(POD_ZONE).output(phys),
    ].flat(),
    hostOut: [
      hostOutAhead.stateless().output(toNetwork),
      hostOutAhead.fragment().output(toNetwork),
      rule('host-out').ahead('host-out', 2).from(LOCAL).toGroup().output(toNetwork),
      hostOut.ahead('host-out', 1).commit(HOST_ZONE).output(toNetwork),
    ].flat(),
  };
}
