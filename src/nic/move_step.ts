import { awaitAddressesInUse } from '../host/address_in_use.js';
import { bootTime, secondsBetween } from '../host/boot_time.js';
import { runIpBatch } from '../host/iproute_write.js';
import { readSnapshot } from '../host/read_snapshot.js';
import type { Snapshot } from '../host/snapshot.js';
import { type Move, moveBatches } from './batch.js';
import { aged, type Journal } from './journal.js';
import { onDevice } from './on_device.js';
import type { Plan } from './plan.js';

/** How long the new addresses may take to work, in milliseconds; then the move goes on. */
const IN_USE_MS = 1_000;

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
 * Adds the first of the two steps that do what is left of a move in either direction: it gives the other device all that
 * both can have at once. The second step comes only after the addresses work on both: between the two, nobody would
 * answer.
 * @throws ProductError `ERR_CANNOT_MOVE`
 */
export function addAdditions(plan: Plan, move: Move, journal: Journal): void {
  const { from, to } = move;
  const { newRules6, additions } = moveBatches(move);
  const current = currently(move);
  plan.add({
    name: `give ${to.device} the addresses, rules and neighbours of ${from.device}`,
    details: [...newRules6.map((line) => `-6 ${line}`), ...additions],
    run: async () => {
      await runBatches(writeBatches(current(), journal).slice(0, ADDITIONS));
      await awaitAddressesInUse(to.device, addressesToAwait(move), IN_USE_MS);
    },
    undo: () => moveHome(current(), journal),
  });
}

/** Adds the second step, which moves the traffic. @throws ProductError `ERR_CANNOT_MOVE` */
export function addMove(plan: Plan, move: Move, journal: Journal): void {
  const { from, to } = move;
  const { lines, oldRules6 } = moveBatches(move);
  const current = currently(move);
  plan.add({
    name: `move routes from ${from.device} to ${to.device}, and delete addresses, rules and neighbours`,
    details: [...lines, ...oldRules6.map((line) => `-6 ${line}`)],
    run: async () => {
      await runBatches(writeBatches(current(), journal).slice(ADDITIONS));
    },
    undo: () => moveHome(current(), journal),
  });
}

/**
 * Returns a function that returns the move with the lifetimes that are left. Earlier steps can take a while, and the host
 * can be suspended: lifetimes must not grow by that.
 */
function currently(move: Move): () => Move {
  const planned = bootTime();
  return () => ({ ...move, wanted: aged(move.wanted, secondsBetween(planned, bootTime())) });
}

/** Undoes a move that may have stopped anywhere: reads both devices and does what is left of the way back. */
async function moveHome({ wanted, from, to }: Move, journal: Journal): Promise<void> {
  const [here, back] = await Promise.all([readSnapshot(to.device), readSnapshot(from.device)]);
  journal.isNeeded = true;
  await finishMove({ wanted: onDevice(wanted, to.device), from: here, to: back }, journal);
  journal.isNeeded = false;
}

/** Does what is left of a move, without a plan. Does all that can be done before it throws the first failure. */
export async function finishMove(move: Move, journal: Journal): Promise<void> {
  const files = writeBatches(move, journal);
  const failures = await forceBatches(files.slice(0, ADDITIONS));
  await awaitAddressesInUse(move.to.device, addressesToAwait(move), IN_USE_MS).catch((error: unknown) => {
    failures.push(error);
  });
  failures.push(...(await forceBatches(files.slice(ADDITIONS))));
  if (failures.length > 0) throw failures[0];
}

/** The file of a batch; none if the batch has no lines. */
interface BatchFile {
  readonly file: string | undefined;
  readonly family: 6 | undefined;
}

/** How many of the batches come before the traffic moves. */
const ADDITIONS = 2;

/** Writes the files of all batches, so that a full disk fails before anything changes; returns them in order. */
function writeBatches(move: Move, journal: Journal): BatchFile[] {
  const { newRules6, additions, lines, oldRules6 } = moveBatches(move);
  const parts = [
    { name: 'rules6', batch: newRules6, family: 6 },
    { name: 'additions', batch: additions, family: undefined },
    { name: 'move', batch: lines, family: undefined },
    { name: 'old-rules6', batch: oldRules6, family: 6 },
  ] as const;
  return parts.map(({ name, batch, family }) => ({
    file: batch.length === 0 ? undefined : journal.writeBatch(name, batch),
    family,
  }));
}

/** Runs batches in order, up to the first that fails. @throws ProductError `ERR_IP` */
async function runBatches(files: readonly BatchFile[]): Promise<void> {
  for (const { file, family } of files) if (file !== undefined) await runIpBatch(file, { family });
}

/** Runs all lines of all batches in order; returns the failures. */
async function forceBatches(files: readonly BatchFile[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const one of files) {
    try {
      if (one.file !== undefined) await runIpBatch(one.file, { family: one.family, force: true });
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}

/** Returns the IPv6 addresses that work as soon as the kernel has set them up. */
function addressesToAwait({ wanted, from }: Move): string[] {
  if (!from.link.flags.includes('UP')) return [];
  return wanted.addresses
    .filter(({ family, tentative, dadfailed }) => family === 'inet6' && !tentative && !dadfailed)
    .map(({ local }) => local);
}
