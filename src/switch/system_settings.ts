import { aborted } from '../daemon/sleep.js';
import type { LocalDatabase } from './connection.js';
import { readSystemIds } from './external_ids.js';

/** `external_ids` of the Open_vSwitch row, followed. */
export interface SystemSettings {
  read(): ReadonlyMap<string, string>;
  /** Calls `listener` after each change of the database; returns how to stop that. */
  onChange(listener: () => void): () => void;
}

/** Returns the settings that the local database holds. */
export function systemSettings(db: LocalDatabase): SystemSettings {
  return { read: () => readSystemIds(db), onChange: (listener) => db.onChange(listener) };
}

/**
 * Runs `follow` with what `select` takes from the settings, until `signal` is aborted. When that value changes, the
 * signal of `follow` is aborted and `follow` runs again: an operator may set, change or remove a setting at any time.
 */
export async function followSetting<T extends string | undefined>(
  settings: SystemSettings,
  select: (systemIds: ReadonlyMap<string, string>) => T,
  follow: (value: T, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const value = select(settings.read());
    const changed = new AbortController();
    const forget = settings.onChange(() => {
      if (select(settings.read()) !== value) changed.abort();
    });
    const over = AbortSignal.any([signal, changed.signal]);
    await follow(value, over);
    await aborted(over);
    forget();
  }
}
