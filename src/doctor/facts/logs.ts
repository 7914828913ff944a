import { open } from 'node:fs/promises';
import type { LogError } from './facts.js';

/** Only the end of a log is looked at, however long it is. */
const TAIL_BYTES = 256 * 1024;
/** As many of the last errors as an operator will read. */
const MOST_ERRORS = 3;

/** `2026-11-25T16:04:11.123Z|00042|bridge|ERR|text`, the form of OVS's logs (ovs-appctl(8), `vlog/set pattern`). */
const LINE = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)\|\d+\|([^|]*)\|(ERR|EMER)\|(.*)$/;

/** The last errors of a log; none where there is no log. */
export async function readLastErrors(path: string): Promise<LogError[]> {
  const text = await readTail(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return parseErrors(text).slice(-MOST_ERRORS);
}

export function parseErrors(text: string): LogError[] {
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
