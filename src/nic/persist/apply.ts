import {
  makeFolder,
  readStored,
  removeEmptyFolder,
  removeStored,
  type StoredFile,
  writeStored,
} from './files.js';
import type { Record, RecordedFile } from './record.js';

/** What a recorded file is now: as it was, as it was written, or neither. */
export type FileState = 'before' | 'after' | 'edited';

/** Returns the state of a recorded file. A mode or owner that somebody changed is no edit. */
export function stateOf({ path, before, after }: RecordedFile): FileState {
  const now = readStored(path)?.text;
  if (now === after?.text) return 'after';
  return now === before?.text ? 'before' : 'edited';
}

/** Returns the files of a record in a state. */
export function filesIn({ files }: Record, state: FileState): readonly RecordedFile[] {
  return files.filter((file) => stateOf(file) === state);
}

/**
 * Writes the new text of each file that has its old text, in the record's order. A file that somebody edited stays.
 * @throws ProductError `ERR_PERSIST`
 */
export function writeAfter(record: Record): void {
  for (const folder of record.folders) makeFolder(folder);
  for (const file of filesIn(record, 'before')) put(file.path, file.after);
}

/**
 * Writes the old text of each file that has its new text, in the reverse order, and deletes the folders that were made.
 * A file that somebody edited stays.
 * @throws ProductError `ERR_PERSIST`
 */
export function writeBefore(record: Record): void {
  for (const file of filesIn(record, 'after').toReversed()) put(file.path, file.before);
  for (const folder of record.folders.toReversed()) removeEmptyFolder(folder);
}

function put(path: string, file: StoredFile | undefined): void {
  if (file === undefined) removeStored(path);
  else writeStored(path, file);
}
