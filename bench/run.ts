// The benchmarks: runs each section in a process of its own, prints its table and writes the report.
// A section measures in sections/ and returns figures (figure.ts); lab/ has what the sections share.
// The report is a page (page/) and the same figures as JSON (report.ts).
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { failInOneLine } from '../lab/failure.js';
import { PROJECT } from '../lab/project.js';
import { describeMachine } from '../lab/this_machine.js';
import type { Report, Section } from './figure.js';
import type { Outcome } from './outcome.js';
import { writeReport } from './report.js';
import { SECTIONS } from './sections.js';
import { formatFigures } from './table.js';

const command = new Command('npm run bench --')
  .description('measure the product and its references in the same run on the same machine')
  .addArgument(
    new Argument('[section...]', 'sections to measure (default: all)').choices(
      SECTIONS.map(({ name }) => name),
    ),
  )
  .parse();

failInOneLine('bench', 'sudo npm run bench -- SECTION measures a section alone');
const started = new Date();
const outcomes: Outcome[] = [];
for (const section of SECTIONS) {
  if (command.args.length === 0 || command.args.includes(section.name)) outcomes.push(await show(section));
}
for (const path of writeReport({ started, machine: describeMachine(), outcomes })) say(path);

/** Measures and prints a section. A section that could not be measured is a failure; a missed target is not. */
async function show(section: Section): Promise<Outcome> {
  say(`${section.name}\n${section.about.map((line) => `  ${line}\n`).join('')}`);
  const outcome = await measureApart(section);
  const { figures, notes, failure, seconds } = outcome;
  if (failure === undefined) {
    say(formatFigures(figures));
    for (const note of notes) say(`  ${note}`);
    say(`  (${Math.round(seconds)} s)\n`);
  } else {
    process.exitCode = 1;
    say(`  could not be measured: ${failure}\n`);
  }
  return outcome;
}

/** Measures a section in a process of its own, so that memory left by another section does not affect the figures. */
async function measureApart({ name, about }: Section): Promise<Outcome> {
  const began = performance.now();
  // Figures refer to each other. JSON would copy them.
  const agent = fork(join(PROJECT, 'dist/section_agent.js'), [name], { serialization: 'advanced' });
  let answer: Report | { readonly failure: string } | undefined;
  agent.on('message', (message) => {
    answer = message as typeof answer;
  });
  const [code, signal] = await once(agent, 'close').catch((error) => [error]);
  const nothing = { figures: [], failure: `ended with ${signal ?? code}` };
  const seconds = (performance.now() - began) / 1000;
  return { name, about, figures: [], notes: [], ...(answer ?? nothing), seconds };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
