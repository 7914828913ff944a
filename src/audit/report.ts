import type { Verdict } from './judge.js';

/** A line a class that had packets, and at the end what it comes to. */
export function formatAudit(verdicts: readonly Verdict[]): string {
  const rows = verdicts
    .filter(({ atMost, delivered }) => atMost > 0n || delivered > 0n)
    .map(({ name, atLeast, atMost, delivered, agrees }) => [
      name,
      atLeast === atMost ? String(atLeast) : `${atLeast} to ${atMost}`,
      String(delivered),
      agrees ? '' : 'DISAGREES',
    ]);
  const lines = [['class', 'arrived', 'delivered', ''], ...rows].map(
    ([name = '', arrived = '', delivered = '', verdict = '']) =>
      `${name.padEnd(26)}${arrived.padStart(26)}${delivered.padStart(14)}  ${verdict}`.trimEnd(),
  );
  return `${[...lines, summary(verdicts)].join('\n')}\n`;
}

export function auditJson(verdicts: readonly Verdict[]): string {
  return `${JSON.stringify({
    agrees: verdicts.every(({ agrees }) => agrees),
    classes: verdicts.map(({ name, atLeast, atMost, delivered, agrees }) => ({
      class: name,
      arrivedAtLeast: Number(atLeast),
      arrivedAtMost: Number(atMost),
      delivered: Number(delivered),
      agrees,
    })),
  })}\n`;
}

function summary(verdicts: readonly Verdict[]): string {
  const wrong = verdicts.filter(({ agrees }) => !agrees);
  if (wrong.length === 0) return 'the switch delivered what arrived';
  return wrong
    .map(({ name, atLeast, atMost, delivered }) =>
      delivered < atLeast
        ? `${name}: ${atLeast} arrived and ${delivered} were delivered as such: something takes them before; run ovn-k8s-util doctor`
        : `${name}: ${delivered} were delivered as such and ${atMost} arrived; run ovn-k8s-util doctor`,
    )
    .join('\n');
}
