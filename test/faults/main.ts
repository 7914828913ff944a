// `npm run faults`: injects faults into real hosts, one by one, and prints what they did.
import { Command } from 'commander';
import { failInOneLine } from '../../lab/failure.js';
import { FAULTS } from '../../lab/faults/all.js';
import { FaultStage } from '../../lab/faults/stage.js';
import { chosen } from './choice.js';
import { measure, type Outcome } from './measure.js';
import { writeFaultPage } from './page.js';
import { formatOutcome, HEAD, outcomeJson, printRow } from './print.js';

const options = new Command('npm run faults --')
  .description('inject faults into hosts of a lab, and measure what they do to traffic and what they leave')
  .option('--only <names>', 'only these faults, or those of these subjects, comma-separated')
  .option('--quick', 'only ten quick ones of different subjects')
  .option('--list', 'print the names and end')
  .option('--json', 'print one JSON object a fault')
  .option('--write', 'write docs/faults.md, again after each fault')
  .parse()
  .opts<{ only?: string; quick?: true; list?: true; json?: true; write?: true }>();

failInOneLine('faults', 'run it as root, after npm run build');
const faults = chosen(FAULTS, options);
if (options.list) {
  for (const { name, subject, what } of faults) process.stdout.write(`${subject}: ${name}: ${what}\n`);
  process.exit();
}

const started = new Date();
let stage = await FaultStage.start();
const outcomes: Outcome[] = [];
if (!options.json) printRow(HEAD);
for (const fault of faults) {
  const outcome = await measure(stage, fault);
  outcomes.push(outcome);
  if (options.write) writeFaultPage(outcomes, started);
  if (options.json) process.stdout.write(`${JSON.stringify(outcomeJson(outcome))}\n`);
  else formatOutcome(outcome).forEach(printRow);
  if (outcome.healMs !== undefined || fault === faults.at(-1)) continue;
  // The next fault needs hosts that are well.
  stage.dispose();
  stage = await FaultStage.start();
}
stage.dispose();
const broken = outcomes.filter(({ failures }) => failures.length > 0).length;
if (!options.json) process.stdout.write(`${broken} of ${outcomes.length} promises are broken\n`);
process.exit(broken === 0 ? 0 : 1);
