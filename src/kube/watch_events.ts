import type { IncomingMessage } from 'node:http';
import { ApiError } from './errors.js';
import type { KubeObject } from './objects.js';

/** One line of a watch (Kubernetes API concepts, "Efficient detection of changes"). */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** No object of Kubernetes makes a longer line: etcd stores at most 1.5 MB per object. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Reads the events of a watch until the server ends it.
 *
 * @param idleMs silence after which the connection counts as dead, in milliseconds; bookmarks come about once a minute
 * @throws ApiError 410 if the version is too old; 0 for silence, or a line that is not an event. List again then.
 */
export async function* watchEvents<T extends KubeObject>(
  response: IncomingMessage,
  what: string,
  idleMs: number,
): AsyncGenerator<WatchEvent<T>> {
  let rest: Buffer[] = [];
  let size = 0;
  let isIdle = false;
  const idle = setTimeout(() => {
    isIdle = true;
    response.destroy();
  }, idleMs);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      idle.refresh();
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
        rest = [];
        size = 0;
        from = end + 1;
        if (line.trim() !== '') yield readEvent<T>(line, what);
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > MAX_LINE_BYTES) throw new ApiError(0, what, `a line of more than ${MAX_LINE_BYTES} bytes`);
    }
    if (isIdle) throw new ApiError(0, what, `nothing received for ${idleMs} ms`);
  } catch (error) {
    if (isIdle) throw new ApiError(0, what, `nothing received for ${idleMs} ms`);
    throw error instanceof ApiError ? error : new ApiError(0, what, 'the watch broke off', { cause: error });
  } finally {
    clearTimeout(idle);
    response.destroy();
  }
}

function readEvent<T>(line: string, what: string): WatchEvent<T> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new ApiError(0, what, 'a line of the watch is not JSON', { cause: error });
  }
  const { type, object } = isRecord(event) ? event : {};
  if (type === 'ERROR') {
    const { code, message } = isRecord(object) ? object : {};
    throw new ApiError(Number(code) || 0, what, String(message));
  }
  if (
    !isRecord(object) ||
    (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK')
  )
    throw new ApiError(0, what, 'a line of the watch is not an event');
  return { type, object: object as T };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
