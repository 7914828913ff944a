import type { LocalDatabase } from './bridge_source.js';
import { NODE_NAME, patchName } from './state.js';

/** The bridge of OVN's integration, unless `external_ids:ovn-bridge` names another (ovn-controller(8)). */
export function integrationBridge(systemIds: ReadonlyMap<string, string>): string {
  return systemIds.get('ovn-bridge') ?? 'br-int';
}

/** The name of the other end, on the integration bridge. */
export function patchPeerName(bridge: string, integration: string): string {
  return `k8s-patch-${integration}-${bridge}`;
}

/**
 * Adds to `txn` whatever the pair of patch ports between `bridge` and OVN lacks; nothing when it is whole, when
 * there is no integration bridge yet, or when `gateway-init` has not said which node this is.
 * @returns the names of the ports that will be made
 */
export function completePatchPair(
  db: LocalDatabase,
  txn: ReturnType<LocalDatabase['transaction']>,
  { bridge, systemIds }: { bridge: string; systemIds: ReadonlyMap<string, string> },
): string[] {
  const integration = integrationBridge(systemIds);
  const node = db.find('Bridge', (row) => row.name === bridge)?.external_ids.get(NODE_NAME);
  if (node === undefined) return [];
  const [here, there] = [patchName(bridge), patchPeerName(bridge, integration)];
  const ends = [
    { on: bridge, name: here, peer: there, externalIds: new Map<string, string>() },
    { on: integration, name: there, peer: here, externalIds: new Map([['iface-id', `${bridge}_${node}`]]) },
  ];
  return ends.flatMap(({ on, name, peer, externalIds }) => {
    const owner = db.find('Bridge', (row) => row.name === on);
    if (owner === undefined || db.find('Interface', (row) => row.name === name) !== undefined) return [];
    const iface = txn.insert('Interface', {
      name,
      type: 'patch',
      options: new Map([['peer', peer]]),
      external_ids: externalIds,
    });
    const port = txn.insert('Port', { name, interfaces: [iface] });
    txn.mutate('Bridge', owner._uuid, { ports: { insert: [port] } });
    return [name];
  });
}
