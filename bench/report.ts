import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../lab/project.js';
import { type Figure, isMet, ratioOf } from './figure.js';
import type { Run } from './outcome.js';
import { formatPage } from './page/page.js';
import { summarize } from './statistics.js';

/** The folder of a run's report. */
const DIRECTORY = join(PROJECT, 'bench/report');

/** Writes the run as JSON and as one self-contained page. Returns the names of both files. */
export function writeReport(run: Run): readonly string[] {
  mkdirSync(DIRECTORY, { recursive: true });
  const files = { 'report.json': reportJson(run), 'report.html': formatPage(run) };
  return Object.entries(files).map(([name, text]) => {
    const path = join(DIRECTORY, name);
    writeFileSync(path, text);
    return path;
  });
}

function reportJson({ started, machine, outcomes }: Run): string {
  const sections = outcomes.map(({ figures, ...outcome }) => ({
    ...outcome,
    figures: figures.map(figureJson),
  }));
  return `${JSON.stringify({ started, machine, sections }, undefined, 1)}\n`;
}

function figureJson(figure: Figure): object {
  const { name, unit, samples, to, targets = [], at } = figure;
  return {
    name,
    unit,
    ...summarize(samples),
    ratio: to === undefined ? undefined : { to: to.name, ...ratioOf(figure) },
    targets: targets.map((target) => ({ ...target, isMet: isMet(figure, target) })),
    at,
    samples,
  };
}
