import { appendFileSync } from 'node:fs';

/** What one step of a machine's life took: the installation with the move, or a boot. */
export interface Row {
  readonly suite: string;
  readonly network: string;
  readonly step: string;
  /** Milliseconds from power-on until the host answered; absent before a reboot. */
  readonly answerMs?: number;
  /** The longest time without an answer from the host since its first one, in milliseconds. */
  readonly gapMs: number;
  /** Milliseconds from power-on until pod, host and outside have all their connections; absent before a reboot. */
  readonly connectedMs?: number;
}

const HEADINGS = ['release', 'set-up', 'step', 'answers after', 'longest gap', 'connected after'];

let isFirst = true;

/** Adds a row to the table that scripts/test prints at its end. */
export function note({ suite, network, step, answerMs, gapMs, connectedMs }: Row): void {
  const file = process.env.MACHINE_ROWS;
  if (!file) return;
  const line = (fields: readonly string[]) => appendFileSync(file, `${fields.join('\t')}\n`);
  if (isFirst) line(HEADINGS);
  isFirst = false;
  line([suite, network, step, shown(answerMs), shown(gapMs), shown(connectedMs)]);
}

function shown(ms: number | undefined): string {
  return ms === undefined ? '' : `${Math.round(ms)} ms`;
}
