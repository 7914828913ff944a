import type { Snapshot } from '../host/snapshot.js';
import { ProductError } from '../net/errors.js';
import { MAX_INTERFACE_NAME } from '../net/interface_name.js';
import { type DatapathType, findBridge } from '../switch/bridges.js';
import type { LocalDatabase } from '../switch/connection.js';
import { bridgeOf } from '../switch/ports.js';

/**
 * Refuses a NIC that cannot be moved to `bridge`.
 * @throws ProductError `ERR_CANNOT_MOVE` with the reason and a remedy
 */
export function refuseNic(db: LocalDatabase, { device: nic, link }: Snapshot, bridge: string): void {
  const owner = bridgeOf(db, nic);
  const no = (why: string) => new ProductError('ERR_CANNOT_MOVE', `${nic}: ${why}`);
  if (bridge.length > MAX_INTERFACE_NAME)
    throw no(
      `the name of its bridge, ${bridge}, has more than ${MAX_INTERFACE_NAME} characters; rename the interface first`,
    );
  if (link.flags.includes('LOOPBACK')) throw no('the loopback interface cannot be on a bridge');
  if (link.link_type !== 'ether') throw no('is not an Ethernet device, and only those can be on a bridge');
  if (findBridge(db, nic) !== undefined) throw no('is a bridge itself; name the NIC');
  if (owner !== undefined && owner.name !== bridge)
    throw no(`is on bridge ${owner.name} already; take it off with bridge-to-nics ${owner.name}`);
  if (link.master !== undefined && link.master !== 'ovs-system')
    throw no(`is enslaved to ${link.master}; put ${link.master} on the bridge instead`);
}

/**
 * Refuses a bridge that cannot take the NIC.
 * @param isThere whether the kernel has a device of the bridge's name
 * @param wanted the datapath type that the operator asks for
 * @throws ProductError `ERR_CANNOT_MOVE` with the reason and a remedy
 */
export function refuseBridge(
  db: LocalDatabase,
  bridge: string,
  isThere: boolean,
  wanted: DatapathType | undefined,
): void {
  const has = datapathOf(db, bridge);
  if (has === undefined && isThere) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `device ${bridge} exists and is not an Open vSwitch bridge; rename or delete it first`,
    );
  }
  if (has !== undefined && wanted !== undefined && wanted !== has) {
    throw new ProductError(
      'ERR_CANNOT_MOVE',
      `bridge ${bridge} has datapath ${has}, not ${wanted}; run bridge-to-nics ${bridge} first`,
    );
  }
}

/**
 * Refuses a datapath that the kernel does not have: ovs-vswitchd would make no device for the bridge, and say why in its
 * log only. It asks the kernel once, when it starts.
 * @throws ProductError `ERR_CANNOT_MOVE` with a remedy
 */
export function refuseDatapath(bridge: string, datapath: DatapathType, kernelHasIt: boolean): void {
  if (datapath === 'netdev' || kernelHasIt) return;
  throw new ProductError(
    'ERR_CANNOT_MOVE',
    `bridge ${bridge} cannot have datapath system, which the kernel does not have; ` +
      'run modprobe openvswitch and restart ovs-vswitchd, or use netdev',
  );
}

/** Returns the datapath type of a bridge; `undefined` if there is no such bridge. */
export function datapathOf(db: LocalDatabase, bridge: string): DatapathType | undefined {
  const row = findBridge(db, bridge);
  if (row === undefined) return undefined;
  return row.datapath_type === 'netdev' ? 'netdev' : 'system';
}
