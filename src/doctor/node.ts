import { GATEWAY_HELPER } from '../daemon/programs.js';
import { nodeOfManagementPort } from '../ovn/names.js';
import { parseRemotes, type Remote } from '../ovsdb/remotes.js';
import { IFACE_ID, NODE_NAME, OVN_NB } from '../switch/external_ids.js';
import { integrationBridge } from '../switch/integration_bridge.js';
import type { LinkFacts, LocalSwitch, SwitchBridge, SwitchInterface } from './facts/facts.js';
import type { Known } from './known.js';

/** The bridge of OVN. */
export function integrationOf({ bridges, externalIds }: LocalSwitch): SwitchBridge | undefined {
  const name = integrationBridge(externalIds);
  return bridges.find((bridge) => bridge.name === name);
}

/** Bridges that a gateway shares with this host: `gateway-init` has written there whose they are. */
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

/** The NIC of a bridge that a gateway shares: its one port that is a device of the kernel. */
export function physicalOf({ name, interfaces }: SwitchBridge): SwitchInterface | undefined {
  return interfaces.find((one) => (one.type === '' || one.type === 'system') && one.name !== name);
}

/** The programs that this host cannot do without: its own, and OVN's central ones where the databases are its. */
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
    // Of a cluster of databases, any member may have ovn-northd.
    ...(isHere && more.length === 0 ? ['ovn-northd'] : []),
  ]);
}

/** A text that cannot be read is for whoever connects to complain of. */
function remotesOf(text: string | undefined): readonly Remote[] {
  try {
    return text === undefined ? [] : parseRemotes(text);
  } catch {
    return [];
  }
}
