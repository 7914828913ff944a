// A process of pidfile.test.ts, which starts several. For each message it writes a pidfile at a given time, and answers
// with `won` or the code of the error. The next message makes it remove the pidfile first.
import { type Pidfile, writePidfile } from '../../src/daemon/pidfile.js';
import { ProductError } from '../../src/net/errors.js';

/** What the test asks for: a pidfile at `path`, at `at` milliseconds since 1970. Without a path: remove the last one. */
export interface Order {
  readonly path?: string;
  readonly at: number;
}

let pidfile: Pidfile | undefined;

process.on('message', ({ path, at }: Order) => {
  while (Date.now() < at);
  process.send?.(path === undefined ? remove() : write(path));
});

function write(path: string): string {
  try {
    pidfile = writePidfile(path, { overwrite: false });
    return 'won';
  } catch (error) {
    return error instanceof ProductError ? error.code : String(error);
  }
}

function remove(): string {
  pidfile?.remove();
  pidfile = undefined;
  return 'removed';
}
