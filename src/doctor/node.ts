import { GATEWAY_HELPER, NODE_DAEMON } from '../daemon/programs.js';
import { nodeOfManagementPort } from '../ovn/names.js';
import { parseRemotes, type Remote } from '../ovsdb/remotes.js';
import { ATTACHED_MAC, IFACE_ID, NODE_NAME, OVN_NB } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import type { LinkFacts, LocalSwitch, SwitchBridge, SwitchInterface } from './facts/facts.js';
import type { Known } from './known.js';

/** Returns OVN's integration bridge. */
export function integrationOf({ bridges, externalIds }: LocalSwitch): SwitchBridge | undefined {
  const name = integrationBridge(externalIds);
  return bridges.find((bridge) => bridge.name === name);
}

/** Returns the bridges that a gateway shares with this host: those that `gateway-init` has marked. */
export function sharedBridges({ bridges }: LocalSwitch): readonly SwitchBridge[] {
  return bridges.filter(({ externalIds }) => externalIds.has(NODE_NAME));
}

/** Returns the management interface. A pod's `iface-id` can begin like a management port's, but has an underscore. */
export function managementInterface(local: LocalSwitch): SwitchInterface | undefined {
  return integrationOf(local)?.interfaces.find((one) => {
    const node = ownerOf(one);
    return one.type === 'internal' && node !== undefined && !node.includes('_');
  });
}

/** Returns the node name that `minion-init`, `master-init` or `gateway-init` gave this host. */
export function nodeName(local: LocalSwitch): string | undefined {
  const management = managementInterface(local);
  return (management && ownerOf(management)) ?? sharedBridges(local)[0]?.externalIds.get(NODE_NAME);
}

function ownerOf({ externalIds }: SwitchInterface): string | undefined {
  return nodeOfManagementPort(externalIds.get(IFACE_ID) ?? '');
}

/** Returns the NIC of a bridge: its port that is a device of the kernel, but not a pod's. */
export function physicalOf({ name, interfaces }: SwitchBridge): SwitchInterface | undefined {
  return interfaces.find(
    ({ type, name: own, externalIds }) =>
      (type === '' || type === 'system') && own !== name && !externalIds.has(ATTACHED_MAC),
  );
}

/**
 * Returns the programs that must run on this host: those of every node, those of a gateway, and `ovn-northd` if the northbound is here.
 */
export function neededPrograms(
  local: Known<LocalSwitch>,
  links: Known<readonly LinkFacts[]>,
): ReadonlySet<string> {
  const always = ['ovsdb-server', 'ovs-vswitchd', 'ovn-controller'];
  if (!local.isKnown) return new Set(always);
  const own: readonly string[] = links.isKnown ? links.value.flatMap(({ addresses }) => addresses) : [];
  const [remote, ...more] = remotesOf(local.value.externalIds.get(OVN_NB));
  const isHere = remote !== undefined && (remote.kind === 'unix' || own.includes(remote.host));
  return new Set([
    ...always,
    ...(sharedBridges(local.value).length > 0 ? [GATEWAY_HELPER] : []),
    ...(managementInterface(local.value) === undefined ? [] : [NODE_DAEMON]),
    // ovn-northd of a clustered database may run on any member.
    ...(isHere && more.length === 0 ? ['ovn-northd'] : []),
  ]);
}

/** Returns the remotes; none for a malformed text, which the connection to the database reports. */
function remotesOf(text: string | undefined): readonly Remote[] {
  try {
    return text === undefined ? [] : parseRemotes(text);
  } catch {
    return [];
  }
}
