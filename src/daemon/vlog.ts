import { closeSync, openSync, writeSync } from 'node:fs';
import { ProductError } from '../net/errors.js';
import { printableLine } from '../net/printable.js';
import type { Log } from './log.js';
import { FACILITIES, type Facility, LEVELS, type Level, type VlogSetting } from './vlog_spec.js';

type Levels = Record<Facility, Level>;

/** The defaults of OVS: `info` on the console and in the file (ovs-vswitchd(8), "Logging Options"). */
const DEFAULTS: Levels = { syslog: 'off', console: 'info', file: 'info' };

export interface VlogOptions {
  readonly now: () => Date;
  /** Writes one line to standard error. */
  readonly console: (line: string) => void;
}

/**
 * Writes log lines in OVS's form, `2026-11-23T02:23:45.678Z|00001|module|INFO|message`, to standard error and a file.
 *
 * Writing never fails, because a full disk or a closed pipe must not end a daemon. The facility `syslog` has a level,
 * because operators' scripts set it, but no line is sent to it: journald and `--log-file` hold the lines.
 */
export class Vlog {
  private readonly modules = new Map<string, Levels>();
  private defaults: Levels = { ...DEFAULTS };
  private file: { readonly path: string; fd: number } | undefined;
  private count = 0;

  constructor(private readonly options: VlogOptions) {}

  module(name: string): Log {
    if (!this.modules.has(name)) this.modules.set(name, { ...this.defaults });
    const at = (level: Level) => (message: string) => this.write(name, level, message);
    return { err: at('err'), warn: at('warn'), info: at('info'), dbg: at('dbg') };
  }

  set({ module, facility, level }: VlogSetting): void {
    const facilities = facility === undefined ? FACILITIES : [facility];
    const targets =
      module === undefined ? [...this.modules.values(), this.defaults] : [this.levelsOf(module)];
    for (const levels of targets) for (const one of facilities) levels[one] = level;
  }

  /** Returns whether there is a log of a module of this name. */
  knows(module: string): boolean {
    return this.modules.has(module);
  }

  /**
   * Opens the log file for appending.
   * @throws ProductError `ERR_LOG_FILE`
   */
  openFile(path: string): void {
    try {
      this.file = { path, fd: openSync(path, 'a', 0o640) };
    } catch (error) {
      throw new ProductError('ERR_LOG_FILE', `cannot open log file ${path}`, { cause: error });
    }
  }

  /** Opens a new file after logrotate has renamed the old one. If that fails, the old one stays open. */
  reopen(): void {
    if (this.file === undefined) throw new ProductError('ERR_LOG_FILE', 'Logging to file not configured');
    const { path, fd } = this.file;
    this.openFile(path);
    closeSync(fd);
  }

  /** Formats the table of `vlog/list`. */
  list(): string {
    const header = [
      '                 console    syslog    file',
      '                 -------    ------    ------',
    ];
    const rows = [...this.modules]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, levels]) => {
        const [console, syslog, file] = [levels.console, levels.syslog, levels.file].map((level) =>
          level.toUpperCase(),
        );
        return `${name.padEnd(16)}  ${console?.padStart(4)}       ${syslog?.padStart(4)}       ${file?.padStart(4)}`;
      });
    return `${[...header, ...rows].join('\n')}\n`;
  }

  private levelsOf(module: string): Levels {
    this.module(module);
    return this.modules.get(module) ?? this.defaults;
  }

  private write(module: string, level: Level, message: string): void {
    const levels = this.modules.get(module) ?? this.defaults;
    const toConsole = isEnabled(level, levels.console);
    const toFile = this.file !== undefined && isEnabled(level, levels.file);
    if (!toConsole && !toFile) return;
    this.count++;
    const number = String(this.count).padStart(5, '0');
    const line = `${this.options.now().toISOString()}|${number}|${module}|${level.toUpperCase()}|${printableLine(message)}\n`;
    if (toConsole) this.options.console(line);
    if (toFile && this.file !== undefined) writeQuietly(this.file.fd, line);
  }
}

function isEnabled(level: Level, threshold: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(threshold);
}

/** Drops a line that cannot be written: there is no other place to report it. */
function writeQuietly(fd: number, line: string): void {
  try {
    writeSync(fd, line);
  } catch {
    // ENOSPC and the like are temporary.
  }
}
