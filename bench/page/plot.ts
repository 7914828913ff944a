import { formatNumber } from '../table.js';
import { type Markup, markup } from './markup.js';
import type { Scale } from './scale.js';

export const SIZE = { width: 560, height: 320, left: 64, right: 16, top: 14, bottom: 48 };
/** The number of colours that a reader can tell apart. Further lines reuse them. */
const COLOURS = 8;

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Whether each point has a mark: for few measured points, not for a thousand samples. */
  readonly isMarked: boolean;
}

export interface Axis {
  readonly label: string;
  readonly scale: Scale;
  readonly format?: (value: number) => string;
}

/** Returns a plot with its title and legend. */
export function plot(title: string, x: Axis, y: Axis, lines: readonly Line[]): Markup {
  const { width, height } = SIZE;
  return markup`<figure>
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
${xAxis(x)}${yAxis(y)}
${lines.map((line, i) => drawn(line, i, x.scale, y.scale))}
</svg>
<ul class="legend">${lines.map(({ name }, i) => markup`<li><i class="c${i % COLOURS}"></i>${name}</li>`)}</ul>
</figure>`;
}

function xAxis({ label, scale, format = formatTick }: Axis): Markup {
  const { width, height, left, right, top, bottom } = SIZE;
  return markup`${scale.ticks.map((tick) => {
    const x = fixed(scale.at(tick));
    return markup`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${height - bottom}"/><text x="${x}" y="${height - bottom + 16}" text-anchor="middle">${format(tick)}</text>`;
  })}<text class="label" x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">${label}</text>`;
}

function yAxis({ label, scale, format = formatTick }: Axis): Markup {
  const { width, height, left, right, top, bottom } = SIZE;
  const middle = (top + height - bottom) / 2;
  return markup`${scale.ticks.map((tick) => {
    const y = fixed(scale.at(tick));
    return markup`<line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/><text x="${left - 8}" y="${y}" dy="0.35em" text-anchor="end">${format(tick)}</text>`;
  })}<text class="label" transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${label}</text>`;
}

function drawn({ points, isMarked }: Line, index: number, x: Scale, y: Scale): Markup {
  const places = points.map(([px, py]) => [fixed(x.at(px)), fixed(y.at(py))] as const);
  const path = places.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px} ${py}`).join('');
  const marks = isMarked ? places.map(([px, py]) => markup`<circle cx="${px}" cy="${py}" r="3.5"/>`) : [];
  return markup`<g class="c${index % COLOURS}"><path d="${path}"/>${marks}</g>`;
}

function formatTick(value: number): string {
  return value >= 1000 ? value.toLocaleString('en') : String(Number(formatNumber(value)));
}

function fixed(value: number): string {
  return value.toFixed(1);
}
