import type { IpAddress } from '../../net/ip.js';
import { managementInterfaceName, managementPortName } from '../../ovn/names.js';
import type { Echo, LinkFacts, LocalSwitch, Northbound } from '../facts/facts.js';
import { type Check, type Finding, fail, given, ok, orElse } from '../finding.js';
import { managementInterface, nodeName } from '../node.js';

/** Checks that the management port is as OVN has it, and that those of the other nodes answer through the tunnels. */
export const nodes: Check = {
  name: 'nodes',
  run: ({ local, northbound, links, echoes }) =>
    given(local, (host) => {
      // A node that is only a gateway has no pods and no management port.
      if (managementInterface(host) === undefined) return missingPort(host);
      return [
        ...given(northbound, (nb) => given(links, (all) => ownPort(host, nb, all))),
        ...given(echoes, answers),
      ];
    }),
};

function missingPort(host: LocalSwitch): readonly Finding[] {
  const node = nodeName(host);
  return node === undefined
    ? [fail('this host has no management port', 'run ovn-k8s-overlay minion-init, or master-init')]
    : [ok(`${node} is a gateway without pods: it has no management port`)];
}

function ownPort(host: LocalSwitch, { nodes }: Northbound, links: readonly LinkFacts[]): readonly Finding[] {
  const node = nodeName(host) ?? '';
  const device = managementInterfaceName(node);
  const again = 'run ovn-k8s-overlay minion-init (or master-init) again';
  const wanted = nodes.find(({ name }) => name === node)?.addresses;
  if (wanted === undefined)
    return [fail(`OVN has no switch ${node} with a port ${managementPortName(node)}`, again)];
  const link = links.find(({ name }) => name === device);
  if (link === undefined) return [fail(`there is no interface ${device}`, `${again}; see ovs-vsctl show`)];
  if (!link.isUp) return [fail(`${device} is down`, `run ip link set ${device} up, then: ${again}`)];
  const missing = wanted.filter((ip) => !link.addresses.includes(ip));
  return orElse(
    missing.length === 0 ? [] : [fail(`${device} does not have ${missing.join(', ')}`, again)],
    `${device} has ${wanted.join(', ')}`,
  );
}

function answers(echoes: readonly Echo[]): readonly Finding[] {
  const silent = echoes.filter(({ rttMs }) => rttMs === undefined);
  const byNode = new Map<string, IpAddress[]>();
  for (const { node, address } of silent) byNode.set(node, [...(byNode.get(node) ?? []), address]);
  return orElse(
    [...byNode].map(([node, addresses]) =>
      fail(
        `the management port of node ${node}, ${addresses.join(' and ')}, does not answer`,
        'run doctor there too; check that UDP port 6081 (Geneve) or TCP 7471 (STT) passes between the two hosts',
      ),
    ),
    `the management ports of the other nodes answer: ${echoes.length} addresses asked`,
  );
}
