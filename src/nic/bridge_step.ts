import { hasDevice } from '../host/device.js';
import type { Snapshot } from '../host/snapshot.js';
import {
  awaitNoBridge,
  type BridgeSettings,
  createBridge,
  type DatapathType,
  deleteBridge,
  findBridge,
  settingsOf,
  setUpBridge,
} from '../switch/bridges.js';
import type { LocalDatabase } from '../switch/connection.js';
import { outlastFullDisk, UNDO_PATIENCE_MS } from './full_disk.js';
import type { Plan } from './plan.js';

/** Adds the step that creates the bridge, or corrects an existing one; none if the bridge is right. */
export function addBridge(
  plan: Plan,
  db: LocalDatabase,
  nic: Snapshot,
  {
    bridge,
    datapath,
    timeoutMs,
  }: { readonly bridge: string; readonly datapath: DatapathType; readonly timeoutMs: number },
): void {
  const wanted = settingsFor(bridge, nic);
  const row = findBridge(db, bridge);
  const details = [
    `datapath ${datapath}, fail-mode ${wanted.failMode}, MAC ${wanted.hwaddr}, MTU ${wanted.mtu}`,
  ];
  if (row === undefined) {
    plan.add({
      name: `make bridge ${bridge}`,
      details,
      run: () =>
        outlastFullDisk(timeoutMs, async () => {
          // The bridge is there if the try before this one wrote it and then met the full disk.
          if (findBridge(db, bridge) === undefined)
            await createBridge(db, bridge, wanted, datapath, timeoutMs);
          else await setUpBridge(db, bridge, wanted, timeoutMs);
        }),
      undo: async () => {
        // Without a bridge there is nothing to undo, and no need to write.
        if (findBridge(db, bridge) === undefined && !hasDevice(bridge)) return;
        await outlastFullDisk(UNDO_PATIENCE_MS, async () => {
          await deleteBridge(db, bridge, timeoutMs);
          await awaitNoBridge(db, bridge, timeoutMs);
        });
      },
    });
    return;
  }
  const now = settingsOf(db, row);
  if (JSON.stringify(now) === JSON.stringify(wanted)) return;
  plan.add({
    name: `set up bridge ${bridge}`,
    details,
    run: () => outlastFullDisk(timeoutMs, () => setUpBridge(db, bridge, wanted, timeoutMs)),
    undo: () => outlastFullDisk(UNDO_PATIENCE_MS, () => setUpBridge(db, bridge, now, timeoutMs)),
  });
}

function settingsFor(bridge: string, { link }: Snapshot): BridgeSettings {
  return { failMode: 'standalone', hwaddr: link.address, bridgeId: bridge, mtu: link.mtu };
}
