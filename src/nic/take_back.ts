import { lockMoves } from '../confirm/move_lock.js';
import { type FormerNic, isDue, UnconfirmedStore } from '../confirm/unconfirmed.js';
import { addAdvertised } from '../host/advertised_routes.js';
import { bootTime, secondsBetween } from '../host/boot_time.js';
import { hasDevice } from '../host/device.js';
import { removeGuard } from '../host/guard.js';
import { runIp } from '../host/iproute_write.js';
import { readSnapshot } from '../host/read_snapshot.js';
import { findBridge } from '../switch/bridges.js';
import { connectLocalDatabase } from '../switch/connection.js';
import { merged } from './batch.js';
import { aged, Journal, type JournalFolders } from './journal.js';
import type { MoveAllOptions } from './move_all.js';
import { finishMove } from './move_step.js';
import { emptyOn, onDevice } from './on_device.js';
import { giveBackFiles } from './persist/persist_steps.js';
import { planToNic } from './to_nic.js';

/**
 * Takes back the moves of a `nics-to-bridge` that was not confirmed in time, wherever it stopped. If Open vSwitch does
 * not answer, gives the NIC its addresses and routes without it, and throws: the caller tries again, since the bridge
 * must still be deleted. Does nothing for a command that was confirmed.
 */
export async function takeBackMoves(options: MoveAllOptions): Promise<void> {
  const { rundir, place } = options;
  const lock = lockMoves(rundir);
  try {
    const store = new UnconfirmedStore(place.stateDir);
    const [one, now] = [store.read(), bootTime()];
    if (one === undefined || !isDue(one, now)) return;
    const seconds = one.at.boot === now.boot ? secondsBetween(one.at, now) : undefined;
    // The last move first: its configuration files may have those of earlier ones in them.
    for (const nic of one.nics.toReversed()) await takeBack(nic, seconds, options);
    store.remove();
  } finally {
    lock.close();
  }
}

async function takeBack(
  former: FormerNic,
  seconds: number | undefined,
  options: MoveAllOptions,
): Promise<void> {
  const { bridge } = former;
  // After a reboot the host has configured the NIC anew.
  const restore = async () => {
    if (seconds !== undefined)
      await restoreNic(former, seconds, { rundir: options.rundir, stateDir: options.place.stateDir });
    // Otherwise the next boot would configure a bridge that is not there.
    await giveBackFiles(former.snapshot.device, options.place);
  };
  try {
    const db = await connectLocalDatabase(options.db, options.timeoutMs);
    try {
      // Somebody may have deleted the bridge with all that it had.
      if (findBridge(db, bridge) === undefined) return await restore();
      const plan = await planToNic(db, bridge, { ...options, isForced: true });
      // Nothing is undone: each step brings the host nearer to where it was.
      await plan.run(new AbortController().signal);
      await plan.finish();
      await plan.confirm();
    } finally {
      db.close();
    }
  } catch (error) {
    await restore();
    throw error;
  }
}

/**
 * Gives a NIC what it had `seconds` ago, and what is on its bridge now, by the kernel alone. Changes nothing if the NIC
 * has it all. What has expired since then is left out.
 */
export async function restoreNic(
  { bridge, snapshot: former }: FormerNic,
  seconds: number,
  folders: JournalFolders,
): Promise<void> {
  const snapshot = aged(former, seconds);
  const nic = snapshot.device;
  await removeGuard(nic);
  const to = await readSnapshot(nic);
  const isThere = bridge !== '' && hasDevice(bridge);
  const from = isThere ? await readSnapshot(bridge) : emptyOn(snapshot, bridge);
  const wanted = { ...merged(onDevice(snapshot, bridge), from), link: to.link };
  await finishMove({ wanted, from, to }, new Journal(folders, nic));
  addAdvertised(nic, from.advertised ?? []);
  if (isThere) await runIp('link', 'set', bridge, 'down');
}
