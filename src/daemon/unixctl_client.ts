import { connect } from 'node:net';
import { explainError, ProductError } from '../net/errors.js';
import { JsonSplitter } from '../net/json_stream.js';

/** Far more than the longest trace or dump. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/**
 * Runs a command of a daemon through its control socket, as `ovs-appctl -t SOCKET COMMAND ARGS…` does.
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
    const splitter = new JsonSplitter(MAX_REPLY_BYTES);
    const fail = (why: string, cause?: unknown) => {
      socket.destroy();
      reject(
        new ProductError('ERR_UNIXCTL', `${path}: ${command}: ${why}; is the daemon running?`, { cause }),
      );
    };
    socket.setTimeout(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
    socket.once('error', (error) => fail(error.message, error));
    socket.once('close', () => fail('the connection was closed'));
    const take = (text: string) => {
      const reply: { result?: unknown; error?: unknown } = JSON.parse(text);
      if (typeof reply.error === 'string') {
        reject(new ProductError('ERR_UNIXCTL_REFUSED', `${command}: ${reply.error.trimEnd()}`));
      } else {
        resolve(String(reply.result));
      }
      socket.destroy();
    };
    socket.on('data', (chunk) => {
      try {
        for (const text of splitter.push(chunk)) take(text);
      } catch (error) {
        // An exception in a handler of a socket would end the process.
        fail(explainError(error), error);
      }
    });
    socket.write(JSON.stringify({ id: 0, method: command, params: args }));
  });
}
