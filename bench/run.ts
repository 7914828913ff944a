import { Argument, Command } from 'commander';
import type { Section } from './figure.js';
import type { Outcome } from './outcome.js';
import { describeMachine, writeReport } from './report.js';
import { SECTIONS } from './sections.js';
import { formatFigures } from './table.js';

const command = new Command('npm run bench --')
  .description('measure the product beside what it is compared with, in the same run on the same machine')
  .addArgument(
    new Argument('[section...]', 'what to measure (default: everything)').choices(
      SECTIONS.map(({ name }) => name),
    ),
  )
  .parse();

const started = new Date();
const outcomes: Outcome[] = [];
for (const section of SECTIONS) {
  if (command.args.length === 0 || command.args.includes(section.name)) outcomes.push(await show(section));
}
for (const path of writeReport({ started, machine: describeMachine(), outcomes })) say(path);
// What a section left running has no more to say, and its lab goes with this process.
process.exit();

/** Whatever the figures say is no failure; that they could not be had is. */
async function show({ name, about, measure }: Section): Promise<Outcome> {
  say(`${name}\n${about.map((line) => `  ${line}\n`).join('')}`);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  try {
    const { figures, notes = [] } = await measure();
    say(formatFigures(figures));
    for (const note of notes) say(`  ${note}`);
    say(`  (${Math.round(seconds())} s)\n`);
    return { name, about, figures, notes, seconds: seconds() };
  } catch (error) {
    process.exitCode = 1;
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say(`  could not be measured: ${failure}\n`);
    return { name, about, figures: [], notes: [], failure, seconds: seconds() };
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
