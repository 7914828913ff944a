import { isIPv6 } from 'node:net';
import { gatewayRouterName, managementInterfaceName } from '../../ovn/names.js';
import { POD_MTU } from '../../ovn/pods.js';
import { ENCAP_IP, ENCAP_TYPE } from '../../switch/external_ids.js';
import type { LinkFacts, LocalSwitch, Northbound } from '../facts/facts.js';
import { type Check, type Finding, fail, given, orElse } from '../finding.js';
import { nodeName, physicalOf, sharedBridges } from '../node.js';

/** Octets that a tunnel over IPv4 adds to a pod's packet, the inner Ethernet header included; IPv6 adds 20 more. */
const OVERHEAD: ReadonlyMap<string, number> = new Map([
  // IP 20, UDP 8, Geneve 8 and OVN's option of 8 (RFC 8926; ovn-architecture(7), "Tunnel Encapsulations"), Ethernet 14.
  ['geneve', 58],
  // IP 20, TCP 20, STT 18 (draft-davie-stt-08), Ethernet 14.
  ['stt', 72],
  // IP 20, UDP 8, VXLAN 8 (RFC 7348), Ethernet 14.
  ['vxlan', 50],
]);

/** Checks that the longest packet of each device fits the next one. */
export const mtu: Check = {
  name: 'mtu',
  run: ({ local, links, northbound }) =>
    given(local, (host) =>
      given(links, (all) => [
        ...orElse(
          [...tunnelRoom(host, all), ...managementPort(host, all), ...bridgeAndNic(host, all)],
          `packets of pods, ${POD_MTU} octets at most, fit the tunnels`,
        ),
        ...(northbound.isKnown ? gatewayRouter(host, all, northbound.value) : []),
      ]),
    ),
};

function tunnelRoom({ externalIds }: LocalSwitch, links: readonly LinkFacts[]): Finding[] {
  const address = externalIds.get(ENCAP_IP);
  const carrier = links.find(({ addresses }) => addresses.some((one) => one === address));
  if (carrier === undefined || address === undefined) return [];
  return (externalIds.get(ENCAP_TYPE) ?? '').split(',').flatMap((type) => {
    const overhead = (OVERHEAD.get(type) ?? 0) + (isIPv6(address) ? 20 : 0);
    const needed = POD_MTU + overhead;
    return carrier.mtu >= needed
      ? []
      : [
          fail(
            `${carrier.name} has MTU ${carrier.mtu}, but a pod's packet of ${POD_MTU} octets in ${type} is ${needed}`,
            `raise the MTU of ${carrier.name} and of its network to ${needed} or more, or lower the MTU of the pods`,
          ),
        ];
  });
}

function managementPort(host: LocalSwitch, links: readonly LinkFacts[]): Finding[] {
  const device = managementInterfaceName(nodeName(host) ?? '');
  const link = links.find(({ name }) => name === device);
  return link === undefined || link.mtu <= POD_MTU
    ? []
    : [
        fail(
          `${device} has MTU ${link.mtu}, but tunnels carry ${POD_MTU}`,
          'run ovn-k8s-overlay minion-init (or master-init) again',
        ),
      ];
}

function bridgeAndNic(host: LocalSwitch, links: readonly LinkFacts[]): Finding[] {
  const mtuOf = (device: string | undefined) => links.find(({ name }) => name === device)?.mtu;
  return sharedBridges(host).flatMap((bridge) => {
    const nic = physicalOf(bridge)?.name;
    const [inner, outer] = [mtuOf(bridge.name), mtuOf(nic)];
    return inner === undefined || outer === undefined || inner <= outer
      ? []
      : [
          fail(
            `${bridge.name} has MTU ${inner}, but its NIC ${nic} has ${outer}: longer packets are lost`,
            `run ovs-vsctl set Interface ${bridge.name} mtu_request=${outer}, or raise the MTU of ${nic}`,
          ),
        ];
  });
}

/** Checks `gateway_mtu`. The gateway router refuses longer packets. If it is above the NIC's MTU, packets are lost. */
function gatewayRouter(host: LocalSwitch, links: readonly LinkFacts[], { gateways }: Northbound): Finding[] {
  const node = nodeName(host);
  const assumed = gateways.find((one) => one.node === node)?.outsideMtu;
  return sharedBridges(host).flatMap((bridge) => {
    const nic = physicalOf(bridge)?.name;
    const actual = links.find(({ name }) => name === nic)?.mtu;
    return assumed === undefined || actual === undefined || assumed <= actual
      ? []
      : [
          fail(
            `${gatewayRouterName(node ?? '')} assumes MTU ${assumed} outside, but ${nic} has ${actual}`,
            'run ovn-k8s-overlay gateway-init again',
          ),
        ];
  });
}
