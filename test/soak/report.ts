import type { Soak } from './soak.js';

/** Returns whether a soak kept every promise. */
export function isWell({ cuts, broken, growths, absent, ended, wrong, left }: Soak): boolean {
  return (
    ended === undefined &&
    absent.length === 0 &&
    broken.length === 0 &&
    wrong.length === 0 &&
    left.length === 0 &&
    cuts.every(({ isExplained }) => isExplained) &&
    growths.every(({ isFlat }) => isFlat)
  );
}

/** Returns the report, in Markdown. */
export function formatSoak(soak: Soak): string {
  const { seed, started, minutes, moves, faults, cuts, broken, spoiled, witnesses, growths, absent } = soak;
  const unexplained = cuts.filter(({ isExplained }) => !isExplained);
  return [
    `# Soak of ${started}`,
    '',
    `${minutes} minutes, seed ${seed}: ${moves} moves, ${[...faults.values()].reduce((a, b) => a + b, 0)} of them faults.`,
    `Result: ${isWell(soak) ? 'every promise was kept' : 'a promise was broken'}.`,
    ...(soak.ended === undefined ? [] : ['', `Ended early: ${soak.ended}`]),
    '',
    '## Memory after the warm-up',
    '',
    ...table(
      ['daemon', 'minutes', 'least MB of each two minutes', 'MB an hour', 'descriptors', 'flat'],
      growths.map((one) => [
        one.daemon,
        one.minutes.toFixed(1),
        one.floorsMb.map((mb) => mb.toFixed(0)).join(', '),
        one.mbPerHour.toFixed(2),
        `${one.moreDescriptors >= 0 ? '+' : ''}${one.moreDescriptors}`,
        one.isFlat ? 'yes' : 'no',
      ]),
    ),
    '',
    ...(absent.length === 0 ? [] : [...absent.map((daemon) => `- ${daemon} runs no more`), '']),
    '## Faults',
    '',
    ...table(
      ['fault', 'times'],
      [...faults].map(([name, times]) => [name, String(times)]),
    ),
    '',
    `## Outages: ${cuts.length}, of them ${unexplained.length} that no fault explains`,
    '',
    ...table(
      ['at s', 'traffic', 'cut ms', 'lost', 'during', 'explained'],
      cuts.map((cut) => [
        String(cut.at),
        cut.class,
        cut.ms.toFixed(0),
        String(cut.lost),
        cut.during,
        cut.isExplained ? 'yes' : 'no',
      ]),
    ),
    '',
    ...witnesses.flatMap((line) => [`- ${line}`, '']),
    '## Broken promises of faults',
    '',
    ...(broken.length === 0 ? ['None.'] : broken.map((line) => `- ${line}`)),
    '',
    ...(spoiled.length === 0
      ? []
      : ['While a switch aborted by itself:', '', ...spoiled.map((line) => `- ${line}`), '']),
    '## At the end',
    '',
    ...atTheEnd(soak),
    '',
  ].join('\n');
}

function atTheEnd({ ended, wrong, left }: Soak): string[] {
  if (ended !== undefined)
    return [...wrong.map((line) => `- wrong: ${line}`), 'Not checked: the soak ended early.'];
  return [
    ...(wrong.length === 0
      ? ['Every service answered from its endpoints.']
      : wrong.map((line) => `- wrong: ${line}`)),
    '',
    ...(left.length === 0
      ? ['After all was deleted, hosts and databases were as at the start.']
      : left.map((line) => `- left: ${line}`)),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
