import { bootTime, secondsBetween } from '../host/boot_time.js';
import { runIpBatch } from '../host/iproute_write.js';
import { readSnapshot } from '../host/read_snapshot.js';
import type { Snapshot } from '../host/snapshot.js';
import { type Batches, type Move, moveBatches } from './batch.js';
import { aged, type Journal } from './journal.js';
import { onDevice } from './on_device.js';
import type { Plan } from './plan.js';

/**
 * Adds the step that writes down what is about to move, before the first change. Its undo keeps the journal of an
 * interrupted move, and one whose contents could not be moved home.
 */
export function addJournal(
  plan: Plan,
  wanted: Snapshot,
  journal: Journal,
  { isInterrupted }: { readonly isInterrupted: boolean },
): void {
  const planned = bootTime();
  plan.add({
    name: `write the journal of ${wanted.device}`,
    details: [],
    run: async () => journal.write(aged(wanted, secondsBetween(planned, bootTime()))),
    undo: async () => {
      if (!isInterrupted && !journal.isNeeded) journal.remove();
    },
  });
}

/** Adds the step that removes the journal, this one's or that of an interrupted move, once the move is done. */
export function addJournalEnd(plan: Plan, wanted: Snapshot, journal: Journal): void {
  const planned = bootTime();
  plan.add({
    name: `remove the journal of ${wanted.device}`,
    details: [],
    run: async () => journal.remove(),
    // The undo of the other steps may be interrupted too.
    undo: async () => journal.write(aged(wanted, secondsBetween(planned, bootTime()))),
  });
}

/**
 * Adds the step that does what is left of a move in either direction.
 * @throws ProductError `ERR_CANNOT_MOVE`
 */
export function addMove(plan: Plan, move: Move, journal: Journal): void {
  const { wanted, from, to } = move;
  const batches = moveBatches(move);
  const planned = bootTime();
  // Earlier steps can take a while, and the host can be suspended: lifetimes must not grow by that.
  const current = () => aged(wanted, secondsBetween(planned, bootTime()));
  plan.add({
    name: `move addresses, routes, rules and neighbours from ${from.device} to ${to.device}`,
    details: [
      ...batches.newRules6.map((line) => `-6 ${line}`),
      ...batches.lines,
      ...batches.oldRules6.map((line) => `-6 ${line}`),
    ],
    run: async () => {
      await runBatches(moveBatches({ ...move, wanted: current() }), journal);
    },
    undo: async () => {
      // The batch may have stopped anywhere: read both devices and do what is left of the way back.
      const [here, back] = await Promise.all([readSnapshot(to.device), readSnapshot(from.device)]);
      const home: Move = { wanted: onDevice(current(), to.device), from: here, to: back };
      journal.isNeeded = true;
      await runBatches(moveBatches(home), journal, { force: true });
      journal.isNeeded = false;
    },
  });
}

/**
 * Runs the batches in order. Writes all their files first, so that a full disk fails before anything changes. With
 * `force` it runs all of them before it throws the first failure.
 */
async function runBatches(
  { newRules6, lines, oldRules6 }: Batches,
  journal: Journal,
  { force = false } = {},
): Promise<void> {
  const parts = [
    { name: 'rules6', batch: newRules6, family: 6 },
    { name: 'move', batch: lines, family: undefined },
    { name: 'old-rules6', batch: oldRules6, family: 6 },
  ] as const;
  const files = parts
    .filter(({ batch }) => batch.length > 0)
    .map(({ name, batch, family }) => ({ file: journal.writeBatch(name, batch), family }));
  const failures: unknown[] = [];
  for (const { file, family } of files) {
    try {
      await runIpBatch(file, { family, force });
    } catch (error) {
      if (!force) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
