// node --import=kill_before.mjs PROGRAM: prints "change N: WHAT" on standard error before each change that the program
// makes outside of itself, counted from 1. With KILL_BEFORE=N it kills the program before change N. A change is a file
// written or removed, a transaction sent to a database, or a command that does more than read.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const last = Number(process.env.KILL_BEFORE ?? 0);
let count = 0;

function aboutTo(what) {
  count++;
  fs.writeSync(2, `change ${count}: ${what}\n`);
  if (count !== last) return;
  process.kill(process.pid, 'SIGKILL');
  // Blocks until the signal arrives.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Announces each call of `holder[name]` for whose arguments `describe` returns a text. */
function before(holder, name, describe) {
  const original = holder[name];
  holder[name] = function (...args) {
    const what = describe(...args);
    if (what !== undefined) aboutTo(what);
    return original.apply(this, args);
  };
}

before(fs, 'writeFileSync', (path) => `write ${path}`);
before(fs, 'renameSync', (_from, to) => `rename to ${to}`);
before(fs, 'rmSync', (path) => (fs.existsSync(path) ? `remove ${path}` : undefined));
before(net.Socket.prototype, 'write', (data) => {
  const [, database] = /^\{"method":"transact","params":\["(\w+)"/.exec(String(data)) ?? [];
  return database && `transact in ${database}`;
});
before(childProcess, 'spawn', (command, args) =>
  command === 'ss' || args.some((arg) => ['-json', '-j', 'show'].includes(arg))
    ? undefined
    : `run ${[command, ...args].join(' ')}`,
);
syncBuiltinESMExports();
