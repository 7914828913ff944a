import { printableLine } from '../net/printable.js';
import type { Rate, TopSample } from './sample.js';

export interface ViewOptions {
  readonly device: string;
  /** The rows that fit on the screen. */
  readonly rows: number;
  readonly columns: number;
  /** A line that qualifies the numbers. */
  readonly note: string | undefined;
}

const WIDTHS = { name: 40, number: 14 } as const;

/** Formats a sample as lines of text: classes in the table's order, leaving frames, then the heaviest senders. */
export function viewOf(sample: TopSample, { device, rows, columns, note }: ViewOptions): string[] {
  const { classes, leaving, talkers, dropped, malformed } = sample;
  const sum = [...classes.values()].reduce((total, { packetsPerSecond }) => total + packetsPerSecond, 0);
  const head = [
    `${device}: ${number(sum)} packets/s in, ${number(leaving.packetsPerSecond)} out; lost here ${dropped}, malformed ${malformed}`,
    ...(note === undefined ? [] : [note]),
    '',
  ];
  const byClass = [
    row('class', ['packets/s', 'Mbit/s', 'packets', 'bytes']),
    ...[...classes].map(([name, rate]) => row(name, numbersOf(rate))),
    ...(leaving.packets > 0n ? [row('(leaving)', numbersOf(leaving))] : []),
  ];
  const senders = [
    '',
    row('sender, class', ['packets/s', 'Mbit/s', 'packets', 'bytes']),
    ...talkers.map((one) => row(`${one.address} ${one.class}`, numbersOf(one))),
  ];
  return [...head, ...byClass, ...senders]
    .slice(0, rows)
    .map((line) => printableLine(line).slice(0, columns));
}

function numbersOf({ packets, bytes, packetsPerSecond, bytesPerSecond }: Rate): string[] {
  return [
    number(packetsPerSecond),
    ((bytesPerSecond * 8) / 1e6).toFixed(bytesPerSecond > 0 ? 2 : 0),
    String(packets),
    String(bytes),
  ];
}

function row(name: string, numbers: readonly string[]): string {
  return name.padEnd(WIDTHS.name) + numbers.map((one) => one.padStart(WIDTHS.number)).join('');
}

function number(value: number): string {
  return value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1);
}
