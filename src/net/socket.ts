import type { Socket } from 'node:net';
import { ProductError } from './errors.js';

/**
 * Waits for `event`. Destroys the socket if `signal` is aborted first.
 * @throws ProductError `ERR_CONNECT_TIMEOUT`, or the error of the socket
 */
export function once(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(new ProductError('ERR_CONNECT_TIMEOUT', 'no connection in time'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', abort));
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', reject);
      resolve();
    });
  });
}

/** The errors of a connection where nothing listens, or whose host does not answer. */
const AWAY: readonly string[] = [
  'ENOENT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ERR_CONNECT_TIMEOUT',
];

/** Returns whether a connection failed because its peer is away, and not because the peer refuses or misbehaves. */
export function isAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && AWAY.includes(String(error.code));
}
