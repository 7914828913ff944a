// Runs each command that it receives to its end, and answers how many milliseconds that took.
import { timeProcess } from '../processes.js';

process.on('message', (argv: readonly [string, ...string[]]) => process.send?.(timeProcess(argv)));
process.on('disconnect', () => process.exit());
