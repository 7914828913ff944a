import type { BridgeState, Demux } from '../demux/state.js';
import type { LocalAddress } from '../host/addresses.js';
import { explainError } from '../net/errors.js';
import { FAMILIES, familyOf, type IpAddress, isLinkLocal, parseIp } from '../net/ip.js';
import { type PortRange, parsePortRange } from '../net/ports.js';
import { LOCAL } from '../openflow/ofport.js';
import type { BridgeFacts, BridgePort } from '../switch/bridge_facts.js';
import { PHYSICAL_IP, SNAT_PORT_RANGE } from '../switch/external_ids.js';
import { patchName } from '../switch/patch_pair.js';
import type { Intent } from './options.js';

/** The most addresses of `k8s-physical-ip` that are read. */
const MOST_ADDRESSES = 8;

/** The state of a gateway apart from its services, and what an operator should know about it. */
export interface BridgeReading {
  /** `undefined` while there is no bridge, or the bridge has no MAC yet. */
  readonly bridgeState: BridgeState | undefined;
  /** Each one line, in a stable order. */
  readonly problems: readonly string[];
}

/**
 * Returns the state of the bridge that follows from its rows and from the addresses that the kernel has on it. Whatever
 * is missing makes a problem, not an exception.
 */
export function readBridgeState(
  bridge: BridgeFacts | undefined,
  localAddresses: readonly LocalAddress[],
  intent: Intent,
): BridgeReading {
  if (bridge === undefined) {
    return {
      bridgeState: undefined,
      problems: [`there is no bridge ${intent.bridge}; ovn-k8s-util nics-to-bridge makes it`],
    };
  }
  const problems: string[] = [];
  const local = bridge.ports.find((port) => port.name === bridge.name);
  const phys = portNamed(bridge, intent.physicalInterface, problems);
  const patch = portNamed(bridge, patchName(bridge.name), problems);
  const demux = chooseDemux(bridge, intent, problems);
  const addresses = chooseAddresses(bridge, localAddresses, problems);
  if (local?.mac === undefined) {
    problems.push(`${bridge.name} has no MAC yet; ovs-vswitchd has not made its LOCAL port`);
    return { bridgeState: undefined, problems };
  }
  const known = new Set([bridge.name, intent.physicalInterface, patchName(bridge.name)]);
  return {
    bridgeState: {
      bridge: bridge.name,
      mac: local.mac,
      phys: phys?.ofport,
      patch: patch?.ofport,
      otherPorts: bridge.ports.some(
        (port) => !known.has(port.name) && port.ofport !== undefined && port.ofport !== LOCAL,
      ),
      addresses,
      answersServed: intent.externalAddressOwner === 'first',
      demux,
    },
    problems,
  };
}

function portNamed(bridge: BridgeFacts, name: string, problems: string[]): BridgePort | undefined {
  const port = bridge.ports.find((one) => one.name === name);
  if (port === undefined) problems.push(`${bridge.name} has no port ${name}`);
  else if (port.ofport === undefined)
    problems.push(`${name} has no OpenFlow port number; see its error in ovs-vsctl list interface`);
  return port;
}

/** Returns the port range that `gateway-init` set for pods' connections; `undefined` for none or an invalid one. */
export function snatRange(externalIds: ReadonlyMap<string, string>): PortRange | undefined {
  try {
    return parsePortRange(externalIds.get(SNAT_PORT_RANGE) ?? 'none');
  } catch {
    return undefined;
  }
}

/** Returns the mode of `--demux`, by default port-range if `gateway-init` set a range; without a range, conntrack. */
function chooseDemux(bridge: BridgeFacts, intent: Intent, problems: string[]): Demux {
  const text = bridge.externalIds.get(SNAT_PORT_RANGE) ?? 'none';
  const collision = `a pod's connection can take the port of one of the host's: ${SNAT_PORT_RANGE} of ${bridge.name} is not set`;
  if (text === 'none') {
    if (intent.demux === 'port-range') {
      problems.push(
        `--demux=port-range needs ${SNAT_PORT_RANGE} on ${bridge.name}; run gateway-init. Until then: conntrack`,
      );
    }
    problems.push(collision);
    return { mode: 'conntrack' };
  }
  try {
    const range = parsePortRange(text);
    return intent.demux === 'conntrack' ? { mode: 'conntrack' } : { mode: 'port-range', range };
  } catch (error) {
    problems.push(
      `${SNAT_PORT_RANGE} of ${bridge.name} cannot be used: ${explainError(error)}. Until then: conntrack`,
    );
    return { mode: 'conntrack' };
  }
}

/**
 * Returns the addresses that host and gateway router share, at most one a family.
 *
 * The address that `gateway-init` wrote counts if LOCAL has it, or if LOCAL has no address of that family (an interface
 * that is being configured). If LOCAL has another one, the host has moved, and the flows follow the host.
 */
function chooseAddresses(
  bridge: BridgeFacts,
  local: readonly LocalAddress[],
  problems: string[],
): IpAddress[] {
  const configured = configuredAddresses(bridge, problems);
  return FAMILIES.flatMap((family) => {
    const usable = local.filter((one) => one.family === family && !isLinkLocal(one.address));
    const wanted = configured.find((ip) => familyOf(ip) === family);
    if (wanted === undefined && configured.length > 0) return [];
    if (wanted !== undefined && (usable.length === 0 || usable.some(({ address }) => address === wanted)))
      return [wanted];
    const found = (usable.find(({ secondary }) => !secondary) ?? usable[0])?.address;
    if (wanted !== undefined && found !== undefined) {
      problems.push(
        `${bridge.name} has ${found} and not ${wanted} (${PHYSICAL_IP}): flows follow it, run gateway-init again`,
      );
    }
    return found === undefined ? [] : [found];
  });
}

function configuredAddresses(bridge: BridgeFacts, problems: string[]): IpAddress[] {
  const text = bridge.externalIds.get(PHYSICAL_IP);
  if (text === undefined) {
    problems.push(
      `${PHYSICAL_IP} of ${bridge.name} is not set: taking the addresses of ${bridge.name}; run gateway-init`,
    );
    return [];
  }
  // One address a family; the rest of a longer list is not read.
  return text.split(',', MOST_ADDRESSES).flatMap((part) => {
    try {
      return [parseIp(part.split('/')[0] ?? '')];
    } catch (error) {
      problems.push(`${PHYSICAL_IP} of ${bridge.name} cannot be used: ${explainError(error)}`);
      return [];
    }
  });
}
