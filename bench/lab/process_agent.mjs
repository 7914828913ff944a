// Starts each command that it is sent, waits for its end, and answers how many milliseconds that took.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

process.on('message', ([program, ...args]) => {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(program, args, { input: '', encoding: 'utf8' });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${error ?? stderr}`);
  process.send(took);
});
process.on('disconnect', () => process.exit());
