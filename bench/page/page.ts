import { type Figure, isMet, ratioOf, type Target } from '../figure.js';
import type { Outcome, Run } from '../outcome.js';
import { summarize } from '../statistics.js';
import { formatNumber } from '../table.js';
import { type Markup, markup } from './markup.js';
import { plotsOf } from './plots.js';
import { STYLE } from './style.js';

/** A table with more rows than this is folded until the reader opens it. */
const FEW = 20;

/** Returns a run as one page of HTML: all targets, then each section with its plots and its table. */
export function formatPage({ started, machine, outcomes }: Run): string {
  return markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ovn-k8s-gateway: benchmarks</title>
<style>${STYLE}</style>
<body>
<header>
<h1>ovn-k8s-gateway: benchmarks</h1>
<p class="quiet">${started.toISOString().slice(0, 16).replace('T', ' ')} UTC · ${machine.join(' · ')}</p>
</header>
<nav>${outcomes.map(({ name }) => markup`<a href="#${name}">${name}</a>`)}</nav>
${overview(outcomes)}
${outcomes.map(section)}
</body>
</html>
`.text;
}

/** Returns every target of the run, missed targets first. */
function overview(outcomes: readonly Outcome[]): Markup {
  const all = outcomes.flatMap(({ name, figures }) =>
    figures.flatMap((figure) => (figure.targets ?? []).map((target) => ({ name, figure, target }))),
  );
  const met = all.filter(({ figure, target }) => isMet(figure, target));
  const missed = all.filter(({ figure, target }) => !isMet(figure, target));
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  return markup`<section class="overview">
<p class="score"><strong>${met.length}</strong> of <strong>${all.length}</strong> targets met</p>
${failed.map(({ name }) => markup`<p class="missed">${name} could not be measured</p>`)}
<table><thead><tr><th>target</th><th>section</th><th class="number">is</th><th>at most</th><th></th></tr></thead>
<tbody>${[...missed, ...met].map(
    ({ name, figure, target }) => markup`<tr><td>${figure.name}</td><td><a href="#${name}">${name}</a></td>
<td class="number">${formatNumber(reached(figure, target))}</td><td>${limitOf(figure, target)}</td><td>${verdict(figure, target)}</td></tr>`,
  )}</tbody></table>
</section>`;
}

function section({ name, about, figures, notes, failure, seconds }: Outcome): Markup {
  return markup`<section id="${name}">
<h2>${name}</h2>
<p class="about">${about.join(' ')}</p>
${failure === undefined ? undefined : markup`<p class="missed">Could not be measured: ${failure}</p>`}
<div class="plots">${plotsOf(figures)}</div>
${figures.length === 0 ? undefined : table(figures)}
${notes.map((note) => markup`<p class="about">${note}</p>`)}
<p class="quiet">${Math.round(seconds)} s</p>
</section>`;
}

function table(figures: readonly Figure[]): Markup {
  const heads = ['', 'runs', 'min', 'median', 'p99', 'unit', 'ratio: min', 'median', 'p99', 'to', 'target'];
  const isText = (column: number) => [0, 5, 9, 10].includes(column);
  const open = figures.length <= FEW ? 'open' : '';
  return markup`<details ${open}><summary>All ${figures.length} figures</summary><div class="wide"><table><thead><tr>${heads.map(
    (head, i) => markup`<th class="${isText(i) ? '' : 'number'}">${head}</th>`,
  )}</tr></thead><tbody>${figures.map((figure) => {
    const { runs, min, median, p99 } = summarize(figure.samples);
    const ratio = ratioOf(figure);
    const ratios =
      ratio === undefined ? ['', '', ''] : [ratio.min, ratio.median, ratio.p99].map(formatNumber);
    const cells = [
      figure.name,
      runs,
      ...[min, median, p99].map(formatNumber),
      figure.unit,
      ...ratios,
      figure.to?.name,
    ];
    return markup`<tr>${cells.map((cell, i) => markup`<td class="${isText(i) ? '' : 'number'}">${cell}</td>`)}<td>${(
      figure.targets ?? []
    ).map((target) => markup`≤ ${limitOf(figure, target)} ${verdict(figure, target)} `)}</td></tr>`;
  })}</tbody></table></div></details>`;
}

function reached(figure: Figure, { of, as }: Target): number {
  return (as === 'ratio' ? ratioOf(figure) : summarize(figure.samples))?.[of] ?? Number.NaN;
}

function limitOf(figure: Figure, { of, as, atMost }: Target): string {
  const number = Number(formatNumber(atMost));
  return as === 'ratio' ? `${number} × ${figure.to?.name} (${of})` : `${number} ${figure.unit} (${of})`;
}

function verdict(figure: Figure, target: Target): Markup {
  return isMet(figure, target)
    ? markup`<span class="verdict met">✓ met</span>`
    : markup`<span class="verdict missed">✗ not met</span>`;
}
