import { findBridge } from './bridges.js';
import type { LocalDatabase, LocalTransaction } from './connection.js';
import { IFACE_ID } from './external_ids.js';
import { addPort, findInterface } from './ports.js';

/** Returns the name of the bridge's port to OVN. */
export function patchName(bridge: string): string {
  return `k8s-patch-${bridge}-br-int`;
}

/** Returns the name of the pair's end on the integration bridge. */
export function patchPeerName(bridge: string, integration: string): string {
  return `k8s-patch-${integration}-${bridge}`;
}

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

/** Adds to `txn` the ends and the `iface-id` that the pair lacks; skips an end whose bridge does not exist yet. */
export function completePatchPair(
  db: LocalDatabase,
  txn: LocalTransaction,
  { bridge, integration, logicalPort, isReady }: PatchPair,
): void {
  const [here, there] = [patchName(bridge), patchPeerName(bridge, integration)];
  const ends = [
    { on: bridge, name: here, peer: there, ids: new Map<string, string>() },
    { on: integration, name: there, peer: here, ids: new Map(isReady ? [[IFACE_ID, logicalPort]] : []) },
  ];
  for (const { on, name, peer, ids } of ends) {
    const owner = findBridge(db, on);
    if (owner === undefined) continue;
    const existing = findInterface(db, name);
    if (existing === undefined) {
      const options = new Map([['peer', peer]]);
      addPort(txn, owner._uuid, name, { type: 'patch', options, external_ids: ids });
    } else if (name === there) {
      const actual = existing.external_ids.get(IFACE_ID);
      const isWrong = actual === undefined ? isReady : actual !== logicalPort;
      if (isWrong)
        txn.mutate('Interface', existing._uuid, { external_ids: { set: { [IFACE_ID]: logicalPort } } });
    }
  }
}
