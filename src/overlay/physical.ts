import { hasDevice } from '../host/device.js';
import { setGuard } from '../host/guard.js';
import { runIp } from '../host/iproute_write.js';
import { readSnapshot } from '../host/read_snapshot.js';
import type { Snapshot } from '../host/snapshot.js';
import { type Cidr, formatCidr, parseCidr } from '../net/cidr.js';
import { ProductError } from '../net/errors.js';
import { type MacAddress, parseMac } from '../net/mac.js';
import { formatPortRange, type PortRange, parsePortRange } from '../net/ports.js';
import { localPortName } from '../ovn/names.js';
import { findBridge } from '../switch/bridges.js';
import type { LocalDatabase, LocalTransaction } from '../switch/connection.js';
import {
  FORMER_ADDRESSES,
  IFACE_ID,
  NODE_NAME,
  PHYSICAL_IP,
  SNAT_PORT_RANGE,
} from '../switch/external_ids.js';
import { ensureIntegrationBridge, integrationDatapath } from '../switch/integration_bridge.js';
import { completePatchPair } from '../switch/patch_pair.js';
import { bridgeOf, ensurePort, findInterface } from '../switch/ports.js';

/** The device that carries the gateway's traffic: a bridge shared with the host, or a dedicated NIC. */
export interface Device {
  readonly kind: 'bridge' | 'nic';
  readonly name: string;
}

/** A device that can carry a gateway, as the kernel has it. */
export interface Physical extends Device {
  readonly mac: MacAddress;
  readonly mtu: number;
  readonly addresses: readonly string[];
}

/** Reads the device. @throws ProductError if it does not exist or cannot carry a gateway */
export async function readPhysical(
  db: LocalDatabase,
  device: Device,
  integration: string,
): Promise<Physical> {
  const { kind, name } = device;
  if (kind === 'bridge' && findBridge(db, name) === undefined) {
    throw new ProductError(
      'ERR_NO_BRIDGE',
      `--bridge-interface=${name}: there is no such bridge; ovn-k8s-util nics-to-bridge makes it`,
    );
  }
  if (kind === 'bridge' && name === integration) {
    throw new ProductError(
      'ERR_CANNOT_USE',
      `--bridge-interface=${name}: is OVN's own bridge; name the one that ovn-k8s-util nics-to-bridge made`,
    );
  }
  if (!hasDevice(name)) {
    throw new ProductError(
      'ERR_NO_INTERFACE',
      `--${kind === 'bridge' ? 'bridge' : 'physical'}-interface=${name}: there is no such interface; ip link lists them`,
    );
  }
  const snapshot = await readSnapshot(name);
  if (kind === 'nic') refuseNic(db, snapshot, integration);
  const addresses = snapshot.addresses
    .filter(({ scope }) => scope === 'global')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  return { ...device, mac: parseMac(snapshot.link.address ?? ''), mtu: snapshot.link.mtu, addresses };
}

/** What the local database's rows of a gateway depend on. */
export interface PhysicalRows {
  readonly node: string;
  readonly integration: string;
  readonly systemIds: ReadonlyMap<string, string>;
  readonly addresses: readonly Cidr[];
  readonly snatRange: PortRange | undefined;
}

/** Adds to `txn` the ports that connect the device to OVN, and the `external_ids` that the gateway helper reads. */
export function connectPhysical(
  db: LocalDatabase,
  txn: LocalTransaction,
  physical: Physical,
  { node, integration, systemIds, addresses, snatRange }: PhysicalRows,
): void {
  const { kind, name } = physical;
  const target = ensureIntegrationBridge(db, txn, integration, systemIds);
  const bridge = findBridge(db, name);
  if (kind === 'nic' || bridge === undefined) {
    // An interrupted run may have removed some addresses already.
    const former = [...new Set([...formerAddresses(db, name), ...physical.addresses])];
    const externalIds = {
      [IFACE_ID]: localPortName(name, node),
      ...(former.length > 0 ? { [FORMER_ADDRESSES]: former.join(',') } : {}),
    };
    ensurePort(db, txn, target, { name, externalIds });
    return;
  }
  const ids = {
    [PHYSICAL_IP]: addresses.map(formatCidr).join(','),
    [SNAT_PORT_RANGE]: snatRange === undefined ? 'none' : formatPortRange(snatRange),
    [NODE_NAME]: node,
  };
  const changed = Object.entries(ids).filter(([key, value]) => bridge.external_ids.get(key) !== value);
  if (changed.length > 0)
    txn.mutate('Bridge', bridge._uuid, { external_ids: { set: Object.fromEntries(changed) } });
  // The helper sets the pair's `iface-id` as soon as the flows that separate host and pods are installed.
  completePatchPair(db, txn, {
    bridge: name,
    integration,
    logicalPort: localPortName(name, node),
    isReady: false,
  });
}

/** Removes a dedicated NIC's addresses from the host, so that only OVN answers for them. */
export async function yieldNic(
  { kind, name, addresses }: Physical,
  systemIds: ReadonlyMap<string, string>,
): Promise<void> {
  if (kind !== 'nic') return;
  await runIp('link', 'set', name, 'up');
  if (integrationDatapath(systemIds) === 'netdev') await setGuard(name);
  for (const address of addresses) await runIp('addr', 'del', address, 'dev', name);
}

/**
 * Returns the addresses that a dedicated NIC had before an earlier `gateway-init`.
 * @throws ProductError `ERR_NOT_AN_ADDRESS` for a text that is none: the addresses are arguments of `ip`
 */
export function formerAddresses(db: LocalDatabase, nic: string): readonly string[] {
  const ids = findInterface(db, nic)?.external_ids;
  try {
    return (ids?.get(FORMER_ADDRESSES)?.split(',') ?? []).map((text) => formatCidr(parseCidr(text)));
  } catch (error) {
    throw new ProductError('ERR_NOT_AN_ADDRESS', `external_ids:${FORMER_ADDRESSES} of ${nic}; correct it`, {
      cause: error,
    });
  }
}

/** Returns the port range that an earlier `gateway-init` set on the bridge. */
export function formerRange(db: LocalDatabase, bridge: string): PortRange | undefined {
  const text = findBridge(db, bridge)?.external_ids.get(SNAT_PORT_RANGE);
  return text === undefined || text === 'none' ? undefined : parsePortRange(text);
}

function refuseNic(db: LocalDatabase, { device, link, routes }: Snapshot, integration: string): void {
  const no = (why: string) => new ProductError('ERR_CANNOT_USE', `--physical-interface=${device}: ${why}`);
  const owner = bridgeOf(db, device)?.name;
  if (findBridge(db, device) !== undefined) throw no('is a bridge; use --bridge-interface');
  if (owner !== undefined && owner !== integration)
    throw no(`is on bridge ${owner}; use --bridge-interface=${owner}, or take it off that bridge first`);
  if (link.master !== undefined && link.master !== 'ovs-system')
    throw no(`is enslaved to ${link.master}; release it from there first`);
  if (link.flags.includes('LOOPBACK')) throw no('is the loopback interface');
  if (routes.some(({ dst }) => dst === 'default')) {
    throw no(
      `carries a default route of the host, which would be cut off; share the NIC: run ovn-k8s-util nics-to-bridge ${device}, then --bridge-interface=br${device}`,
    );
  }
}
