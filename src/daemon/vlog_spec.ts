import { UsageError } from '../net/errors.js';

/** The levels of messages, most severe first. `off` is a level of facilities only (ovs-appctl(8), "vlog/set"). */
export const LEVELS = ['off', 'emer', 'err', 'warn', 'info', 'dbg'] as const;
export type Level = (typeof LEVELS)[number];
export const FACILITIES = ['syslog', 'console', 'file'] as const;
export type Facility = (typeof FACILITIES)[number];

/** One change of levels; `undefined` stands for all modules or facilities. */
export interface VlogSetting {
  readonly module: string | undefined;
  readonly facility: Facility | undefined;
  readonly level: Level;
}

/**
 * Parses `[module][:facility][:level]`: words in any order, separated by colons, spaces or commas. An empty SPEC is
 * `dbg`.
 * @throws UsageError
 */
export function parseVlogSpec(spec: string): VlogSetting {
  let module: string | undefined;
  let facility: Facility | undefined;
  let level: Level | undefined;
  for (const word of spec.split(/[\s,:]+/).filter((part) => part !== '')) {
    const lower = word.toLowerCase();
    if (lower === 'any') continue;
    const isName = !isLevel(lower) && !isFacility(lower) && /^[a-z][a-z0-9_]*$/.test(lower);
    if (isLevel(lower) && level === undefined) level = lower;
    else if (isFacility(lower) && facility === undefined) facility = lower;
    else if (isName && module === undefined) module = lower;
    else throw new UsageError(`"${spec}" is not [MODULE][:FACILITY][:LEVEL]: cannot place "${word}"`);
  }
  return { module, facility, level: level ?? 'dbg' };
}

function isLevel(word: string): word is Level {
  return (LEVELS as readonly string[]).includes(word);
}

function isFacility(word: string): word is Facility {
  return (FACILITIES as readonly string[]).includes(word);
}
