import { printableJson, printableLine } from '../net/printable.js';
import type { ClassComparison } from './compare.js';

/** Formats one line for each class that has packets, and a summary. */
export function formatAudit(comparisons: readonly ClassComparison[]): string {
  const rows = comparisons
    .filter(({ atMost, delivered }) => atMost > 0n || delivered > 0n)
    .map(({ name, atLeast, atMost, delivered, agrees }) => [
      name,
      atLeast === atMost ? String(atLeast) : `${atLeast} to ${atMost}`,
      String(delivered),
      agrees ? '' : 'DISAGREES',
    ]);
  const lines = [['class', 'arrived', 'delivered', ''], ...rows].map(
    ([name = '', arrived = '', delivered = '', remark = '']) =>
      `${name.padEnd(26)}${arrived.padStart(26)}${delivered.padStart(14)}  ${remark}`.trimEnd(),
  );
  return `${[...lines, ...summary(comparisons)].map(printableLine).join('\n')}\n`;
}

export function auditJson(comparisons: readonly ClassComparison[]): string {
  return `${printableJson({
    agrees: comparisons.every(({ agrees }) => agrees),
    classes: comparisons.map(({ name, atLeast, atMost, delivered, agrees }) => ({
      class: name,
      arrivedAtLeast: Number(atLeast),
      arrivedAtMost: Number(atMost),
      delivered: Number(delivered),
      agrees,
    })),
  })}\n`;
}

function summary(comparisons: readonly ClassComparison[]): readonly string[] {
  const wrong = comparisons.filter(({ agrees }) => !agrees);
  if (wrong.length === 0) return ['the switch delivered every packet that arrived'];
  return wrong.map(({ name, atLeast, atMost, delivered }) =>
    delivered < atLeast
      ? `${name}: ${atLeast} arrived and ${delivered} were delivered as such: another flow takes them first; run ovn-k8s-util doctor`
      : `${name}: ${delivered} were delivered as such and ${atMost} arrived; run ovn-k8s-util doctor`,
  );
}
