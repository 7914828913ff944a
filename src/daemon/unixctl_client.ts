import { connect } from 'node:net';
import { explainError, ProductError } from '../net/errors.js';
import { type JsonLimits, JsonSplitter, MAX_DEPTH, parseJson } from '../net/json_stream.js';

/** Far more than the longest trace or dump, which is one string. */
const REPLY_LIMITS: JsonLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: MAX_DEPTH, maxCost: 20_000 };

/**
 * Runs a command of a daemon through its control socket, as `ovs-appctl -t SOCKET COMMAND ARGS…` does. The whole reply
 * must come within `timeoutMs`.
 * @throws ProductError `ERR_UNIXCTL` if the daemon does not answer in time, `ERR_UNIXCTL_REFUSED` with the daemon's
 *   words
 */
export function unixctl(
  path: string,
  command: string,
  args: readonly string[] = [],
  { timeoutMs = 5_000 }: { timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const splitter = new JsonSplitter(REPLY_LIMITS);
    const fail = (why: string, cause?: unknown) => {
      socket.destroy();
      reject(
        new ProductError('ERR_UNIXCTL', `${path}: ${command}: ${why}; is the daemon running?`, { cause }),
      );
    };
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.once('error', (error) => fail(error.message, error));
    socket.once('close', () => {
      clearTimeout(timer);
      fail('the connection was closed');
    });
    socket.on('data', (chunk) => {
      try {
        const [text] = splitter.push(chunk);
        if (text === undefined) return;
        const { result, error } = replyOf(text);
        if (error !== undefined)
          reject(new ProductError('ERR_UNIXCTL_REFUSED', `${command}: ${error.trimEnd()}`));
        else resolve(result);
        socket.destroy();
      } catch (error) {
        // An exception in a handler of a socket would end the process.
        fail(explainError(error), error);
      }
    });
    socket.write(JSON.stringify({ id: 0, method: command, params: args }));
  });
}

/** Parses the reply to a command. @throws ProductError `ERR_NOT_JSON` if it is not one */
function replyOf(text: string): { readonly result: string; readonly error: string | undefined } {
  const reply = parseJson(text);
  if (typeof reply === 'object' && reply !== null) {
    if ('error' in reply && typeof reply.error === 'string') return { result: '', error: reply.error };
    if ('result' in reply && typeof reply.result === 'string')
      return { result: reply.result, error: undefined };
  }
  throw new ProductError('ERR_NOT_JSON', 'the reply has neither a result nor an error');
}
