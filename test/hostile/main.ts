// `npm run hostile`: plays hostile peers against the real daemons and prints what happened.
//   npm run hostile -- [PEER]      all, or those of one peer: unixctl, "local database", northbound, switch, "API server", kernel
import { printColumns } from '../../lab/columns.js';
import { failInOneLine } from '../../lab/failure.js';
import { GATEWAY_HELPER, NODE_DAEMON, WATCHER } from '../../src/daemon/programs.js';
import { CASES } from './cases.js';
import { excessOf } from './limits.js';
import { type Outcome, Stage } from './stage.js';

failInOneLine('hostile', 'run it as root, after npm run build');
const [only] = process.argv.slice(2);
const cases = CASES.filter(({ peer }) => only === undefined || peer === only);
const widths = [26, 48, 8, 8, 9, 60] as const;

const NAMES: Readonly<Record<string, string>> = {
  [GATEWAY_HELPER]: 'helper',
  [WATCHER]: 'watcher',
  [NODE_DAEMON]: 'node',
};

const stage = await Stage.start();
print(['peer', 'input', 'daemon', 'peak MB', 'p99 ms', 'what happened']);
let failures = 0;
for (const played of cases) {
  const { peer, channel, input } = played;
  for (const outcome of await stage.play(played)) {
    const excess = excessOf(outcome);
    if (excess !== undefined) failures++;
    print([channel === undefined ? peer : `${peer} (${channel})`, input, ...cellsOf(outcome, excess)]);
  }
}
stage.dispose();
process.stdout.write(`${failures} of the rows exceed a limit\n`);
process.exitCode = failures === 0 ? 0 : 1;

function cellsOf({ program, peakMb, p99Ms, says }: Outcome, excess: string | undefined): string[] {
  const what = excess === undefined ? says || 'nothing to report' : `EXCEEDS ${excess}: ${says}`;
  return [NAMES[program] ?? program, peakMb.toFixed(0), p99Ms.toFixed(0), what.slice(0, 140)];
}

function print(cells: readonly string[]): void {
  printColumns(cells, widths);
}
