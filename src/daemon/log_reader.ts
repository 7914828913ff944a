import { open } from 'node:fs/promises';

/** How much of a log's end is read. */
const TAIL_BYTES = 256 * 1024;

/** A line of an OVS log: `2026-11-25T16:04:11.123Z|00042|bridge|ERR|text` (ovs-appctl(8), `vlog/set pattern`). */
const LINE = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\|\d+\|([^|]*)\|(\w+)\|(.*)$/s;

/** What Open vSwitch's and OVN's daemons log first when they start. */
const START = /^[^|]*\|\d+\|vlog\|INFO\|opened log file /;

export interface LoggedLine {
  readonly at: Date;
  /** `MODULE: MESSAGE`. */
  readonly text: string;
}

/**
 * Reads the last `most` lines of `levels` in the log of a daemon, oldest first; none if there is no log. Of what the daemon
 * logged before its last start, only a fatal error (EMER) counts.
 */
export async function readLastLines(
  path: string,
  levels: readonly string[],
  most: number,
): Promise<LoggedLine[]> {
  const text = await readTail(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  const start = lines.findLastIndex((line) => START.test(line));
  return lines
    .flatMap((line, index) => {
      const [, at, module, level, said] = LINE.exec(line) ?? [];
      const isMeant = level !== undefined && levels.includes(level) && (index > start || level === 'EMER');
      return at === undefined || !isMeant ? [] : [{ at: new Date(at), text: `${module}: ${said}` }];
    })
    .slice(-most);
}

async function readTail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(Math.min(size, TAIL_BYTES)),
      position: Math.max(0, size - TAIL_BYTES),
    });
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
