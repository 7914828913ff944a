import { Argument, Command } from 'commander';
import type { Section } from './figure.js';
import { apiOutage } from './sections/api_outage.js';
import { atRest } from './sections/at_rest.js';
import { classify } from './sections/classify.js';
import { cni } from './sections/cni.js';
import { flows } from './sections/flows.js';
import { nicMove } from './sections/nic_move.js';
import { repair } from './sections/repair.js';
import { restart } from './sections/restart.js';
import { services } from './sections/services.js';
import { startUp } from './sections/start_up.js';
import { watcher } from './sections/watcher.js';
import { wire } from './sections/wire.js';
import { formatFigures } from './table.js';

const SECTIONS: readonly Section[] = [
  wire,
  repair,
  restart,
  atRest,
  startUp,
  flows,
  nicMove,
  services,
  watcher,
  cni,
  classify,
  apiOutage,
];

const command = new Command('npm run bench --')
  .description('measure the product beside what it is compared with, in the same run on the same machine')
  .addArgument(
    new Argument('[section...]', 'what to measure (default: everything)').choices(
      SECTIONS.map(({ name }) => name),
    ),
  )
  .parse();

for (const section of SECTIONS) {
  if (command.args.length === 0 || command.args.includes(section.name)) await show(section);
}
// What a section left running has no more to say, and its lab goes with this process.
process.exit();

/** Whatever the figures say is no failure; that they could not be had is. */
async function show({ name, about, measure }: Section): Promise<void> {
  say(`${name}\n${about.map((line) => `  ${line}\n`).join('')}`);
  try {
    const { figures, notes = [] } = await measure();
    say(formatFigures(figures));
    for (const note of notes) say(`  ${note}`);
  } catch (error) {
    process.exitCode = 1;
    say(`  could not be measured: ${error instanceof Error ? error.stack : String(error)}`);
  }
  say('');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
