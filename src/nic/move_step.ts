import { moveBatch, moveRules6, restoreFlagsBatch } from './batch.js';
import type { Journal } from './journal.js';
import type { Plan } from './plan.js';
import { runBatch } from './read.js';
import { rehung, type Snapshot } from './snapshot.js';

/** The batches of a move, each a file beside the journal. */
const FILES = ['move', 'rules6', 'flags', 'undo'];

/** Adds the steps that move everything of `snapshot` to `to`, in either direction. */
export function addMove(plan: Plan, snapshot: Snapshot, to: string, journal: Journal): void {
  const { device: from } = snapshot;
  const move = moveBatch(snapshot, to);
  const flags = restoreFlagsBatch(snapshot, to);
  if (move.length === 0) return;
  const rules6 = moveRules6(snapshot, to);
  const home = rehung(snapshot, to);
  const undo = async (name: string, lines: readonly string[], family?: 6) => {
    if (lines.length > 0) await runBatch(journal.writeBatch(name, lines), { force: true, family });
  };
  plan.add({
    name: `move addresses, routes, rules and neighbours from ${from} to ${to}`,
    details: [...move, ...rules6.map((line) => `-6 ${line}`)],
    run: async () => {
      journal.write(snapshot);
      await runBatch(journal.writeBatch('move', move));
      if (rules6.length > 0) await runBatch(journal.writeBatch('rules6', rules6), { family: 6 });
    },
    undo: async () => {
      await undo('undo', moveBatch(home, from));
      await undo('rules6', moveRules6(home, from), 6);
      await undo('flags', restoreFlagsBatch(home, from));
      journal.remove(FILES);
    },
  });
  plan.add({
    name: `restore the flags of the addresses`,
    details: flags,
    run: async () => {
      await runBatch(journal.writeBatch('flags', flags));
      journal.remove(FILES);
    },
  });
}
