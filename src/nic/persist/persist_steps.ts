import { ProductError } from '../../net/errors.js';
import type { Plan } from '../plan.js';
import { filesIn, stateOf, writeAfter, writeBefore } from './apply.js';
import { chooseManager } from './choose.js';
import { differenceOf } from './difference.js';
import type { Manager, ManagerName, NicMove, PersistChoice } from './manager.js';
import { type Record, type RecordedFile, RecordStore, recordedNics, recordOf } from './record.js';

/** Where files, records and managers are. */
export interface PersistPlace {
  /** A folder that outlives a reboot. */
  readonly stateDir: string;
  /** The managers in the order in which they are asked. */
  readonly managers: readonly Manager[];
}

/** What a move does to the configuration files of a NIC. Made by reading only. */
export interface Persistence {
  readonly store: RecordStore;
  readonly record: Record;
  readonly manager: Manager;
  /** Whether the record is on disk already. */
  readonly isRecorded: boolean;
}

/**
 * Reads what must change so that the move outlives a reboot, and notes in the plan what was chosen and why. A move that
 * was recorded earlier is completed, whatever `choice` is. Returns `undefined` if no file must change.
 * @throws ProductError `ERR_PERSIST`
 */
export async function readPersistence(
  plan: Plan,
  move: NicMove,
  choice: PersistChoice,
  { stateDir, managers }: PersistPlace,
): Promise<Persistence | undefined> {
  const store = new RecordStore(stateDir, move.nic);
  const recorded = store.read();
  if (recorded !== undefined) {
    if (!['auto', 'none', recorded.manager].includes(choice))
      throw new ProductError(
        'ERR_PERSIST',
        `${move.nic}: its files of ${recorded.manager} were changed already; run bridge-to-nics ${recorded.move.bridge} first`,
      );
    for (const { path } of filesIn(recorded, 'edited'))
      plan.note(`${path} was edited since the NIC was moved; it is left alone`);
    if (filesIn(recorded, 'before').length === 0) return undefined;
    return { store, record: recorded, manager: managerOf(recorded.manager, managers), isRecorded: true };
  }
  const { manager, why } = await chooseManager(choice, move.nic, managers);
  if (choice !== 'none') plan.note(why);
  if (manager === undefined) return undefined;
  const record = recordOf(move, manager.name, await manager.plan(move));
  return { store, record, manager, isRecorded: false };
}

/**
 * Adds the step that keeps the files as they are. It comes before the first change, so that its undo, which gives the
 * files back, runs when the addresses are on the NIC again.
 */
export function addBackup(plan: Plan, { store, record, manager, isRecorded }: Persistence): void {
  plan.add({
    name: `keep the configuration of ${record.move.nic} in ${store.folder}`,
    details: record.files.filter(({ before }) => before !== undefined).map(({ path }) => path),
    run: async () => {
      if (!isRecorded) store.save(record);
    },
    undo: async () => {
      // A record of an earlier move stays, and with it the way forward.
      if (isRecorded) return;
      const written = filesIn(record, 'after').length > 0;
      writeBefore(record);
      if (written) await manager.takeUp(record.move, record.move.nic);
      store.forget();
    },
  });
}

/** Adds the step that writes the files and makes the manager take them up. It comes after the move. */
export function addPersist(plan: Plan, { record, manager }: Persistence): void {
  plan.add({
    name: `make the move outlive a reboot with ${manager.name}`,
    details: record.files.flatMap((file) => changeOf(file, file.before?.text, file.after?.text)),
    run: async () => {
      writeAfter(record);
      await manager.takeUp(record.move, record.move.bridge);
    },
  });
}

/**
 * Reads what must be given back when the NIC returns from `bridge`; `undefined` if nothing was recorded.
 * @throws ProductError `ERR_PERSIST` if somebody edited a file since it was written, with a remedy
 */
export function readRecorded(nic: string, { stateDir, managers }: PersistPlace): Persistence | undefined {
  const store = new RecordStore(stateDir, nic);
  const record = store.read();
  if (record === undefined) return undefined;
  const edited = filesIn(record, 'edited').map(({ path }) => path);
  const [one = ''] = edited;
  if (edited.length > 0) {
    const later = laterMove(one, nic, stateDir);
    if (later !== undefined)
      throw new ProductError(
        'ERR_PERSIST',
        `${one}: changed again when ${later.nic} was moved; run bridge-to-nics ${later.bridge} first`,
      );
    throw new ProductError(
      'ERR_PERSIST',
      `${edited.join(', ')}: edited since ${nic} was moved, and would be lost; carry the edit over to ` +
        `${store.folder}/before, then make the file as it was written: cp ${store.folder}/after${one} ${one}`,
    );
  }
  return { store, record, manager: managerOf(record.manager, managers), isRecorded: true };
}

/** Returns the move of another NIC that wrote a file as it is now. */
function laterMove(path: string, nic: string, stateDir: string): NicMove | undefined {
  for (const other of recordedNics(stateDir)) {
    const record = other === nic ? undefined : new RecordStore(stateDir, other).read();
    const file = record?.files.find((one) => one.path === path);
    if (file !== undefined && stateOf(file) === 'after') return record?.move;
  }
  return undefined;
}

/**
 * Gives the files of a NIC back where no bridge is left to move it from. Does nothing if none were recorded.
 * @throws ProductError `ERR_PERSIST`
 */
export async function giveBackFiles(nic: string, place: PersistPlace): Promise<void> {
  const persistence = readRecorded(nic, place);
  if (persistence === undefined) return;
  const { record, manager, store } = persistence;
  const isWritten = filesIn(record, 'after').length > 0;
  writeBefore(record);
  if (isWritten) await manager.takeUp(record.move, nic);
  store.forget();
}

/**
 * Adds the step whose undo writes the files again. It comes before the way back, so that the undo runs when the addresses
 * are on the bridge again.
 */
export function addKeep(plan: Plan, { record, manager, store }: Persistence): void {
  plan.add({
    name: `check ${store.folder}, which has the configuration of ${record.move.nic}`,
    details: record.files.filter(({ before }) => before !== undefined).map(({ path }) => path),
    run: async () => {},
    undo: async () => {
      if (filesIn(record, 'before').length === 0) return;
      // A record that is there is not written again: its originals may be the only ones.
      if (store.read() === undefined) store.save(record);
      writeAfter(record);
      await manager.takeUp(record.move, record.move.bridge);
    },
  });
}

/** Adds the step that gives the files back. It comes after the way back. */
export function addGiveBack(plan: Plan, { store, record, manager }: Persistence): void {
  plan.add({
    name: `give ${manager.name} the configuration of ${record.move.nic} back`,
    details: record.files.toReversed().flatMap((file) => changeOf(file, file.after?.text, file.before?.text)),
    run: async () => {
      writeBefore(record);
      await manager.takeUp(record.move, record.move.nic);
      store.forget();
    },
  });
}

/** Returns what changes in a file, for `--dry-run`. */
function changeOf({ path, why }: RecordedFile, from: string | undefined, to: string | undefined): string[] {
  const verb = from === undefined ? 'make' : to === undefined ? 'delete' : 'change';
  const lines = to === undefined ? [] : differenceOf(from, to).map((line) => `  ${line}`);
  return [`${verb} ${path} (${why})`, ...lines];
}

function managerOf(name: ManagerName, managers: readonly Manager[]): Manager {
  const manager = managers.find((one) => one.name === name);
  if (manager === undefined) throw new ProductError('ERR_PERSIST', `this version does not know ${name}`);
  return manager;
}
