import type { IncomingMessage } from 'node:http';
import { ApiError } from './errors.js';
import { JsonBounds } from './json_bounds.js';
import { isKubeObject, isRecord, type KubeObject } from './objects.js';
import { keep, type Shape } from './shape.js';

/** One line of a watch (Kubernetes API concepts, "Efficient detection of changes"). */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** No object of Kubernetes makes a longer line: etcd stores at most 1.5 MB per object. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const LINE_FEED = 10;

/**
 * Reads the events of a watch until the server ends it.
 *
 * @param shape what is kept of each object
 * @param idleMs time without an event after which the server counts as dead, in milliseconds. Bookmarks come about once
 *   a minute. A line that arrives octet by octet is no event until it is whole.
 * @throws ApiError 410 if the version is too old; 0 for silence, or a line that is not an event. List again then.
 */
export async function* watchEvents<T extends KubeObject>(
  response: IncomingMessage,
  what: string,
  shape: Shape<T>,
  idleMs: number,
): AsyncGenerator<WatchEvent<T>> {
  let rest: Buffer[] = [];
  let size = 0;
  let bounds = new JsonBounds();
  let isIdle = false;
  const idle = setTimeout(() => {
    isIdle = true;
    response.destroy();
  }, idleMs);
  const add = (bytes: Buffer) => {
    rest.push(bytes);
    size += bytes.length;
    const why = size > MAX_LINE_BYTES ? `has more than ${MAX_LINE_BYTES} bytes` : bounds.push(bytes);
    if (why !== undefined) throw new ApiError(0, what, `a line ${why}`, { code: 'ERR_API_LIMIT' });
  };
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
        add(chunk.subarray(from, end));
        const line = Buffer.concat(rest).toString('utf8');
        rest = [];
        size = 0;
        bounds = new JsonBounds();
        from = end + 1;
        if (line.trim() === '') continue;
        const event = readEvent(line, what, shape);
        idle.refresh();
        yield event;
      }
      add(chunk.subarray(from));
    }
    if (isIdle) throw new ApiError(0, what, `no event received for ${idleMs} ms`);
  } catch (error) {
    if (isIdle) throw new ApiError(0, what, `no event received for ${idleMs} ms`);
    throw error instanceof ApiError ? error : new ApiError(0, what, 'the watch broke off', { cause: error });
  } finally {
    clearTimeout(idle);
    response.destroy();
  }
}

function readEvent<T>(line: string, what: string, shape: Shape<T>): WatchEvent<T> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    const code = 'ERR_API_BAD_ANSWER';
    throw new ApiError(0, what, 'a line of the watch is not JSON', { cause: error, code });
  }
  const { type, object } = isRecord(event) ? event : {};
  if (type === 'ERROR') throw refusal(object, what);
  const isChange = type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED';
  if ((isChange || type === 'BOOKMARK') && isKubeObject(object, !isChange))
    return { type, object: keep(shape, object, what) };
  throw new ApiError(0, what, 'a line of the watch is not an event', { code: 'ERR_API_BAD_ANSWER' });
}

/** Returns the error in an event of type `ERROR`, whose object is a Status. */
function refusal(object: unknown, what: string): ApiError {
  const { code, message } = isRecord(object) ? object : {};
  const status = typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599 ? code : 0;
  const why = typeof message === 'string' ? message.slice(0, 200) : 'the watch was ended without a reason';
  return new ApiError(status, what, why, { code: 'ERR_API_BAD_ANSWER' });
}
