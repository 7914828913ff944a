import { printableJson, printableLine } from '../../net/printable.js';

/** What `status` shows of the API server and database that are followed. */
export interface WatcherReport {
  readonly counts: { readonly ports: number; readonly services: number; readonly vips: number };
  readonly totals: { readonly looks: number; readonly transactions: number; readonly failures: number };
  readonly problems: readonly string[];
}

/** What `status` shows before an API server and a database are followed. */
export const NOTHING_FOLLOWED: WatcherReport = {
  counts: { ports: 0, services: 0, vips: 0 },
  totals: { looks: 0, transactions: 0, failures: 0 },
  problems: [],
};

/** Formats `status` for people: one fact a line. */
export function formatStatus({ counts, totals, problems }: WatcherReport): string {
  const facts = [
    ['ports', String(counts.ports)],
    ['services', `${counts.services}, virtual addresses ${counts.vips}`],
    ['looks', `${totals.looks}, transactions ${totals.transactions}, failures ${totals.failures}`],
    ...problems.map((problem) => ['problem', problem]),
  ];
  return facts.map(([name = '', value = '']) => `${`${name}:`.padEnd(11)}${printableLine(value)}\n`).join('');
}

/** Formats `status --json`, for scripts. */
export function statusJson({ counts, totals, problems }: WatcherReport): string {
  return printableJson({ ...counts, ...totals, problems });
}
