import { open } from 'node:fs/promises';
import type { LogError } from './facts.js';

/** How much of a log's end is read. */
const TAIL_BYTES = 256 * 1024;
/** How many of a log's last errors are reported. */
const MOST_ERRORS = 3;

/** A line of an OVS log: `2026-11-25T16:04:11.123Z|00042|bridge|ERR|text` (ovs-appctl(8), `vlog/set pattern`). */
const LINE = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\|\d+\|([^|]*)\|(ERR|EMER)\|(.*)$/s;

/** Reads the last errors of a log; none if there is no log. */
export async function readLastErrors(path: string): Promise<LogError[]> {
  const text = await readTail(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return parseErrors(text).slice(-MOST_ERRORS);
}

/** Parses the lines of level ERR and EMER. */
function parseErrors(text: string): LogError[] {
  return text.split('\n').flatMap((line) => {
    const [, at, module, , said] = LINE.exec(line) ?? [];
    return at === undefined ? [] : [{ at: new Date(at), text: `${module}: ${said}` }];
  });
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
