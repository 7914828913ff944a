/** The log of one module of a daemon, by level as in ovs-vswitchd(8), "Logging Options". */
export interface Log {
  err(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  dbg(message: string): void;
}

/** Drops every line. */
export const SILENT: Log = {
  err: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  dbg: () => undefined,
};
