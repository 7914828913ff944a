import { findBridge } from './bridges.js';
import type { LocalDatabase, LocalTransaction } from './connection.js';
import { IFACE_ID } from './external_ids.js';
import { addPort, findInterface, findPort } from './ports.js';

/** Returns the name of the bridge's port to OVN. */
export function patchName(bridge: string): string {
  return `k8s-patch-${bridge}-br-int`;
}

/** Returns the name of the pair's end on the integration bridge. */
export function patchPeerName(bridge: string, integration: string): string {
  return `k8s-patch-${integration}-${bridge}`;
}

/**
 * The VLANs that the bridge's end of the pair carries: only 4095, which IEEE 802.1Q reserves, so none. The action NORMAL
 * neither takes frames from such a port nor sends frames to it; the actions of the helper's flows name the port, and
 * ignore this (ovs-vswitchd.conf.db(5), Port, `trunks`). So a switch that has started, and has no flow but NORMAL yet,
 * keeps host and OVN apart.
 */
export const NO_VLAN: readonly number[] = [4095];

/** The pair of patch ports between a gateway's bridge and OVN's integration bridge. */
export interface PatchPair {
  readonly bridge: string;
  readonly integration: string;
  /** The logical port that OVN has for the bridge: `iface-id` of the end on the integration bridge. */
  readonly logicalPort: string;
  /**
   * Whether OVN may use the pair. ovn-controller claims the end on the integration bridge as soon as it has an
   * `iface-id`. Before the bridge has its flows, host and gateway router would both answer for one address.
   */
  readonly isReady: boolean;
}

/** Adds to `txn` the ends and the columns that the pair lacks; skips an end whose bridge does not exist yet. */
export function completePatchPair(
  db: LocalDatabase,
  txn: LocalTransaction,
  { bridge, integration, logicalPort, isReady }: PatchPair,
): void {
  const [here, there] = [patchName(bridge), patchPeerName(bridge, integration)];
  completeHere(db, txn, { on: bridge, name: here, peer: there });
  completeThere(db, txn, { on: integration, name: there, peer: here }, logicalPort, isReady);
}

/** Adds to `txn` that OVN loses the pair: ovn-controller releases an end without `iface-id`. */
export function closePatchPair(
  db: LocalDatabase,
  txn: LocalTransaction,
  { bridge, integration }: Pick<PatchPair, 'bridge' | 'integration'>,
): void {
  const end = findInterface(db, patchPeerName(bridge, integration));
  if (end?.external_ids.has(IFACE_ID))
    txn.mutate('Interface', end._uuid, { external_ids: { delete: [IFACE_ID] } });
}

/** Whether OVN has the pair; `undefined` if the end on the integration bridge does not exist. */
export function isPatchPairOpen(
  db: LocalDatabase,
  { bridge, integration }: Pick<PatchPair, 'bridge' | 'integration'>,
): boolean | undefined {
  return findInterface(db, patchPeerName(bridge, integration))?.external_ids.has(IFACE_ID);
}

interface End {
  readonly on: string;
  readonly name: string;
  readonly peer: string;
}

function completeHere(db: LocalDatabase, txn: LocalTransaction, { on, name, peer }: End): void {
  const owner = findBridge(db, on);
  if (owner === undefined) return;
  const existing = findPort(db, name);
  if (existing === undefined)
    addPort(
      txn,
      owner._uuid,
      name,
      { type: 'patch', options: new Map([['peer', peer]]) },
      { trunks: NO_VLAN },
    );
  else if (existing.trunks.join() !== NO_VLAN.join()) txn.update('Port', existing._uuid, { trunks: NO_VLAN });
}

function completeThere(
  db: LocalDatabase,
  txn: LocalTransaction,
  { on, name, peer }: End,
  logicalPort: string,
  isReady: boolean,
): void {
  const owner = findBridge(db, on);
  if (owner === undefined) return;
  const existing = findInterface(db, name);
  if (existing === undefined) {
    const ids = new Map(isReady ? [[IFACE_ID, logicalPort]] : []);
    addPort(txn, owner._uuid, name, { type: 'patch', options: new Map([['peer', peer]]), external_ids: ids });
    return;
  }
  const actual = existing.external_ids.get(IFACE_ID);
  const isWrong = actual === undefined ? isReady : actual !== logicalPort;
  if (isWrong)
    txn.mutate('Interface', existing._uuid, { external_ids: { set: { [IFACE_ID]: logicalPort } } });
}
