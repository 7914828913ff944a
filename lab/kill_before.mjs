// node --import=kill_before.mjs PROGRAM: numbers from 1 what the program is about to change outside of itself, says each on
// standard error as "change N: what", and with KILL_BEFORE=N kills the program instead of the Nth. Changes are files
// written and removed, transactions sent to a database, and commands run that do not only read.
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
  // Nothing more is done before it arrives.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Has `holder[name]` be called after what `describe` says of its arguments, unless that is nothing. */
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
