import { printableJson, printableLine } from '../net/printable.js';
import type { Finding } from './finding.js';

/** The findings of one check. */
export interface Examined {
  readonly check: string;
  readonly findings: readonly Finding[];
}

const LABEL = { ok: 'ok', warn: 'warn', fail: 'FAIL' } as const;

/** Returns the report as text: a line for each finding, its remedy below, a summary at the end. */
export function formatReport(all: readonly Examined[]): string {
  const lines = all.flatMap(({ check, findings }) =>
    findings.flatMap((finding) => {
      const line = `${LABEL[finding.level].padEnd(6)}${check}: ${finding.what}`;
      return finding.level === 'ok' ? [line] : [line, `      remedy: ${finding.remedy}`];
    }),
  );
  const [failed, warned] = [count(all, 'fail'), count(all, 'warn')];
  const sum =
    failed + warned === 0
      ? 'all is well'
      : `${failed} ${failed === 1 ? 'failure' : 'failures'}, ${warned} ${warned === 1 ? 'warning' : 'warnings'}`;
  return [...lines.map(printableLine), sum, ''].join('\n');
}

/** Returns the report as one JSON object. */
export function reportJson(all: readonly Examined[]): string {
  const findings = all.flatMap(({ check, findings }) => findings.map((finding) => ({ check, ...finding })));
  return `${printableJson({ ok: !hasFailed(all), findings }, 2)}\n`;
}

/** Returns whether any finding is a failure. */
export function hasFailed(all: readonly Examined[]): boolean {
  return count(all, 'fail') > 0;
}

function count(all: readonly Examined[], level: Finding['level']): number {
  return all.flatMap(({ findings }) => findings).filter((finding) => finding.level === level).length;
}
